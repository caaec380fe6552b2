"""Whatever container, codec, rotation, rate and form of mask come together: a result, or one line and nothing left.

``EXAMPLES=200 python -m pytest tests/stress/test_combinations.py`` draws as many combinations instead of a few.
"""

import os
import tempfile
from pathlib import Path

import av.error
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from PIL import Image

from master_thesis.configs.video import VideoConfig
from master_thesis.errors import UserError
from master_thesis.models.painter import SmoothPainter
from master_thesis.video.io.decoding import open_source
from master_thesis.video.pipeline import inpaint_video
from stress.videos import VARIABLE, Clip, box_mask
from tests.factories import StillAligner

CONTAINERS = (".mp4", ".mov", ".mkv", ".avi", ".ts", ".webm", ".mpg", ".wmv", ".flv", ".3gp", ".nut", ".ogv")
CODECS = {
    "libx264": ("yuv420p", "yuv422p", "yuv444p", "yuv420p10le"),
    "libx265": ("yuv420p", "yuv420p10le"),
    "mpeg4": ("yuv420p",),
    "mjpeg": ("yuvj420p", "yuvj422p"),
    "ffv1": ("yuv420p", "bgr0", "gray", "yuv422p10le"),
    "libvpx-vp9": ("yuv420p", "yuv444p"),
    "prores_ks": ("yuv422p10le",),
    "qtrle": ("argb", "rgb24"),
    "rawvideo": ("yuv420p", "rgb24"),
    "gif": ("rgb8",),
}
SOUNDS = (None, "aac", "ac3", "pcm_s16le", "libmp3lame", "libopus", "flac", "mp2", "adpcm_ms", "libvorbis")
EXAMPLES = int(os.environ.get("EXAMPLES", "12"))
"""Combinations that are filled or refused; those that FFmpeg does not write do not count."""
OPTIONS = {"libx265": {"x265-params": "log-level=none"}}


@st.composite
def clips(draw):
    codec = draw(st.sampled_from(sorted(CODECS)))
    return Clip(
        f"clip{draw(st.sampled_from(CONTAINERS))}",
        codec,
        draw(st.sampled_from(CODECS[codec])),
        audio=draw(st.sampled_from(SOUNDS)),
        rotation=draw(st.sampled_from((None, 90, 180, -90))),
        times=draw(st.sampled_from((tuple(range(4)), VARIABLE[:5]))),
        rate=draw(st.sampled_from((10, 24, 25, 30))),
        size=draw(st.sampled_from(((48, 64), (47, 63), (32, 32)))),
        options=OPTIONS.get(codec, {}),
    )


def write_mask(form: str, clip: Clip, folder: Path) -> Path:
    turned = clip.rotation in (90, -90)
    size = clip.size[::-1] if turned and form != "stored" else clip.size
    white = (box_mask(size, (8, 8, 24, 24)) * 255).astype(np.uint8)
    if form == "folder":
        (folder / "masks").mkdir()
        for i in range(len(clip.times)):
            Image.fromarray(white).save(folder / "masks" / f"{i}.png")
        return folder / "masks"
    if form == "video":
        frames = [np.repeat(white[..., None], 3, axis=2)] * len(clip.times)
        return Clip("mask.mkv", "ffv1", "bgr0", times=clip.times, size=size).write(folder, frames)
    path = folder / ("mask.jpg" if form == "jpeg" else "mask.png")
    Image.fromarray(white).save(path)
    return path


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    clip=clips(),
    form=st.sampled_from(("image", "stored", "jpeg", "folder", "video")),
    output=st.sampled_from((None, "out.mp4", "out.mov", "out.mkv", "out")),
    codec=st.sampled_from((None, None, "h264", "hevc", "ffv1", "prores")),
    algorithm=st.sampled_from(("ff", "pm")),
)
def test_a_result_or_one_line(clip: Clip, form: str, output: str | None, codec: str | None, algorithm: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            video = clip.write(folder)
        except (av.error.FFmpegError, ValueError, TypeError):
            video = None
        assume(video is not None)  # FFmpeg does not write such files
        mask = write_mask(form, clip, folder)
        before = sorted(folder.rglob("*"))
        place = str(folder / output) if output else None
        config = VideoConfig(video=str(video), mask=str(mask), output=place, codec=codec, mask_dilation=1)
        try:
            size = None if algorithm == "pm" else (16, 16)
            result = inpaint_video(config, StillAligner(), SmoothPainter(), algorithm, size, max_distance=1)
        except UserError:
            result = None
        if result is None:
            assert sorted(folder.rglob("*")) == before
            return
        count = sum(1 for _ in open_source(video).frames())
        assert sum(1 for _ in open_source(result.output).frames()) == count
        assert not list(folder.glob("*.part*"))
