"""The format of a result follows that of its video as far as the codec can."""

import os
import sys
from dataclasses import replace

import av
import numpy as np
import pytest

from master_thesis.errors import UserError
from master_thesis.video.io import encoding
from master_thesis.video.io.colours import PQ, Colours
from master_thesis.video.io.decoding import open_source
from master_thesis.video.io.encoding import Encoding, bits_of, choose_encoding, chroma_of, has_encoder, is_yuv
from master_thesis.video.io.tracks import holds_codec
from master_thesis.video.io.writer import Geometry, Timing, VideoWriter
from stress.videos import Clip, moving_frames

SD = Colours(6, False, 6, 6)


def chosen(pix_fmt: str, codec: str | None = "h264", size=(48, 64), lossless: bool = False, crf: int | None = None):
    return choose_encoding(pix_fmt, SD, size, codec, crf, lossless)


@pytest.mark.parametrize(
    ("pix_fmt", "codec", "expected"),
    [
        ("yuvj420p", "h264", "yuv420p"),
        ("yuva420p", "h264", "yuv420p"),
        ("nv12", "h264", "yuv420p"),
        ("yuv422p10le", "h264", "yuv422p10le"),
        ("yuv444p", "hevc", "yuv444p"),
        ("yuv420p12le", "h264", "yuv420p10le"),
        ("yuv422p", "av1", "yuv420p"),
        ("yuv420p", "prores", "yuv422p10le"),
        ("yuv411p", "ffv1", "yuv411p"),
        ("rgb24", "h264", "yuv420p"),
        ("gray", "h264", "yuv420p"),
        ("", "h264", "yuv420p"),
        ("", "ffv1", "bgr0"),
    ],
)
def test_the_nearest_format_is_chosen(pix_fmt: str, codec: str, expected: str) -> None:
    if not has_encoder(codec):
        pytest.skip(f"no encoder of {codec}")
    assert chosen(pix_fmt, codec).format_for((48, 64)) == expected


def test_odd_sizes_have_colours_at_every_pixel_unless_the_codec_takes_them() -> None:
    assert chosen("yuv420p", size=(47, 63)).pix_fmt == "yuv444p"
    assert chosen("yuv420p", "ffv1", size=(47, 63)).pix_fmt == "yuv420p"


def test_lossless_is_rgb_of_8_bits_and_the_format_of_deeper_videos() -> None:
    assert chosen("yuv420p", None, lossless=True).pix_fmt == "bgr0"
    assert chosen("yuv420p10le", None, lossless=True).pix_fmt == "yuv420p10le"


def test_without_a_given_codec_h264_has_8_bits() -> None:
    assert chosen("yuv422p10le", None).pix_fmt == "yuv422p"
    assert chosen("yuv420p10le", None).pix_fmt == "yuv420p"
    assert chosen("yuv420p10le", "h264").pix_fmt == "yuv420p10le"


def test_colours_are_those_of_the_video() -> None:
    assert chosen("yuv420p").colours == SD
    assert chosen("").colours == chosen("rgb24").colours == Colours()
    hdr = choose_encoding("yuv420p10le", Colours(9, False, PQ, 9), (48, 64), None, None, False)
    assert hdr.codec == ("hevc" if has_encoder("hevc") else "h264")


def test_quality(monkeypatch: pytest.MonkeyPatch) -> None:
    assert chosen("yuv420p").options((48, 64))["crf"] == "16"
    assert chosen("yuv420p", crf=30).options((48, 64))["crf"] == "30"
    for pix_fmt, codec in (("yuv420p", "ffv1"), ("rgb24", "ffv1"), ("yuv420p", "prores")):
        with pytest.raises(UserError, match=f"--crf has no effect on {codec}: leave it out"):
            chosen(pix_fmt, codec, crf=3)
    with pytest.raises(UserError, match="--crf has no effect with --lossless: leave it out"):
        chosen("yuv420p", None, lossless=True, crf=3)
    with pytest.raises(UserError, match="--crf for h264 should be at most 51, got 60"):
        chosen("yuv420p", crf=60)
    monkeypatch.setattr(encoding, "has_encoder", lambda codec: False)
    with pytest.raises(UserError, match="--codec hevc needs FFmpeg with libx265, which this PyAV was built without"):
        chosen("yuv420p", "hevc")


def test_formats_are_described() -> None:
    assert [chroma_of(f"yuv{name}p") for name in ("420", "422", "444", "411", "410", "440")] == [
        *("4:2:0", "4:2:2", "4:4:4", "4:1:1", "4:1:0", "4:4:0")
    ]
    assert (bits_of("yuv420p10le"), bits_of("rgb24")) == (10, 8)
    assert [is_yuv(name) for name in ("yuv420p", "gbrp", "pal8", "gray", "")] == [True, False, False, False, False]


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1", "prores", "ffv1"])
def test_every_codec_keeps_times_and_pictures(tmp_path, codec: str) -> None:
    if not has_encoder(codec):
        pytest.skip(f"no encoder of {codec}")
    info = open_source(Clip(size=(64, 64), times=(0, 1, 5, 9)).write(tmp_path)).info
    chosen_here = choose_encoding(info.pix_fmt, info.colours, info.size, codec, None, False)
    frames = moving_frames(4, (64, 64))
    with VideoWriter(tmp_path / "out.mkv", info.geometry, info.timing, chosen_here) as writer:
        for time, frame in zip((0, 1, 5, 9), frames, strict=True):
            writer.write(frame, time * info.timing.ticks_per_frame)
    with av.open(str(tmp_path / "out.mkv")) as container:
        decoded = list(container.decode(video=0))
    step = float(info.timing.ticks_per_frame * info.timing.time_base)
    assert [frame.time for frame in decoded] == pytest.approx([step * t for t in (0, 1, 5, 9)], abs=1e-3)
    for got, frame in zip(decoded, frames, strict=True):
        assert np.abs(got.to_ndarray(format="rgb24").astype(int) - frame).mean() < 20


@pytest.mark.skipif(not has_encoder("av1"), reason="needs AV1")
def test_av1_prints_nothing(tmp_path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """Neither where its container is tried nor where it is written."""
    monkeypatch.delenv("SVT_LOG", raising=False)
    holds_codec.cache_clear()
    assert holds_codec(".mp4", "av1")
    with VideoWriter(tmp_path / "out.mp4", Geometry((64, 64)), Timing.constant(25), Encoding("av1")) as writer:
        writer.write(moving_frames(1, (64, 64))[0])
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1", "prores", "ffv1"])
def test_every_codec_states_rotation_and_colours_of_an_hdr_video(tmp_path, codec: str) -> None:
    if not has_encoder(codec):
        pytest.skip(f"no encoder of {codec}")
    hdr = Colours(9, False, PQ, 9)
    made = choose_encoding("yuv420p10le", hdr, (48, 64), codec, None, False)
    turned = (0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)
    path = tmp_path / f"out{'.mkv' if codec == 'ffv1' else '.mov' if codec == 'prores' else '.mp4'}"
    with VideoWriter(path, Geometry((48, 64), turned), Timing.constant(25), made) as writer:
        for frame in moving_frames(3):
            writer.write(frame)
    info = open_source(path).info
    assert (info.colours, info.bits, info.display_matrix[:5]) == (hdr, 10, turned[:5])


def test_prores_of_full_colours_is_named_so(tmp_path) -> None:
    """Apple's names: apch holds 4:2:2, ap4h 4:4:4, which an odd width needs."""
    for size, name in (((48, 64), "apch"), ((47, 63), "ap4h")):
        made = choose_encoding("yuv420p", SD, size, "prores", None, False)
        with VideoWriter(tmp_path / f"{name}.mov", Geometry(size), Timing.constant(25), made) as writer:
            writer.write(moving_frames(1, size)[0])
        with av.open(str(tmp_path / f"{name}.mov")) as container:
            assert container.streams.video[0].codec_context.codec_tag == name


@pytest.mark.skipif(not sys.platform.startswith("linux") or not has_encoder("av1"), reason="needs Linux and AV1")
def test_av1_takes_no_core_from_others(tmp_path) -> None:
    """For the root user, the encoder asks for real time: pages of a browser that a test opened later starved others."""
    before = os.sched_getscheduler(0)
    with VideoWriter(tmp_path / "out.mkv", Geometry((64, 64)), Timing.constant(25), Encoding("av1")) as writer:
        for frame in moving_frames(2, (64, 64)):
            writer.write(frame)
        assert {os.sched_getscheduler(int(thread)) for thread in os.listdir("/proc/self/task")} == {before}
    assert os.sched_getscheduler(0) == before


@pytest.mark.parametrize("codec", ["hevc", "av1"])
def test_the_screen_of_an_hdr_video_is_stated(tmp_path, codec: str) -> None:
    if not (has_encoder("hevc") and has_encoder(codec)):
        pytest.skip(f"no encoder of {codec}")
    light = "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50):max-cll=1000,400"
    tags = {"color_trc": "smpte2084", "color_primaries": "bt2020", "colorspace": "bt2020nc"}
    options = tags | {"x265-params": f"log-level=error:hdr10=1:repeat-headers=1:{light}"}
    clip = Clip("hdr.mkv", "libx265", "yuv420p10le", options=options, size=(64, 64))
    info = open_source(clip.write(tmp_path)).info
    assert info.hdr_light == light
    made = choose_encoding(info.pix_fmt, info.colours, info.size, codec, None, False)
    with VideoWriter(
        tmp_path / "out.mkv", info.geometry, info.timing, replace(made, hdr_light=info.hdr_light)
    ) as writer:
        writer.write(moving_frames(1, (64, 64))[0])
    assert open_source(tmp_path / "out.mkv").info.hdr_light == light


def test_large_frames_are_looked_at_less_far_ahead() -> None:
    ahead = [chosen("yuv420p").options(size)["rc-lookahead"] for size in ((480, 854), (1080, 1920), (4320, 7680))]
    assert ahead == ["40", "20", "10"]
    assert "rc-lookahead" not in chosen("yuv420p", "ffv1").options((48, 64))
