"""Files whose sound or further tracks do not fit, or are easily lost."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from stress.case_files import Case, joined, mask_png
from stress.videos import Clip, moving_frames, write_noise


def sound_pcm(folder: Path) -> Case:
    """Sound that .mp4 cannot hold."""
    return Case(Clip("pcm.avi", "mpeg4", audio="pcm_s16le", layout="stereo").write(folder), mask_png(folder), "")


def sound_opus(folder: Path) -> Case:
    """Sound that .mov cannot hold."""
    return Case(Clip("opus.mkv", audio="libopus").write(folder), mask_png(folder), "x.mov")


def sound_unknown(folder: Path) -> Case:
    """A phone's second track, which nobody can decode."""
    path = folder / "IMG_1.MOV"
    with av.open(str(path), "w", format="mov") as container:
        video: Any = container.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sounds = [container.add_stream("aac", rate=48000, layout="mono") for _ in range(2)]
        for frame in moving_frames(8):
            container.mux(video.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(video.encode(None))
        for sound in sounds:
            write_noise(container, sound, 0.3)
    data = path.read_bytes()
    place = data.rindex(b"trak")
    data = data[:place] + data[place:].replace(b"mp4a", b"apac").replace(b"esds", b"none")
    path.write_bytes(data)
    return Case(path, mask_png(folder), "")


def sound_wma(folder: Path) -> Case:
    """Sound that no container takes."""
    return Case(Clip("clip.wmv", "wmv2", audio="wmav2", layout="stereo").write(folder), mask_png(folder), "")


def sound_back(folder: Path) -> Case:
    """Two program streams, joined."""
    clip = Clip("part.mpg", "mpeg2video", audio="mp2", times=tuple(range(25))).write(folder)
    return Case(joined(folder / "joined.mpg", [clip, clip]), mask_png(folder))


def tracks(folder: Path) -> Case:
    """Two languages, subtitles, chapters and a date."""
    (folder / "text.srt").write_text("1\n00:00:00,000 --> 00:00:00,200\nHello\n")
    with av.open(str(folder / "text.srt")) as text, av.open(str(folder / "two.mkv"), "w") as container:
        video: Any = container.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sounds: list[Any] = [container.add_stream("aac", rate=48000, layout="mono") for _ in range(2)]
        for sound, language, title in zip(sounds, ("ger", "eng"), ("", "Commentary"), strict=True):
            sound.metadata.update({"language": language, "title": title})
            sound.disposition = sound.disposition.default if title else sound.disposition.__class__(0)
        subtitles = container.add_stream_from_template(text.streams.subtitles[0])
        second = {"time_base": Fraction(1, 1000), "metadata": {"title": "one"}}
        container.set_chapters([{"id": 1, "start": 0, "end": 200, **second}])
        container.metadata["creation_time"] = "2025-06-20T16:58:15.000000Z"
        for frame in moving_frames(8):
            container.mux(video.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(video.encode(None))
        for sound in sounds:
            write_noise(container, sound, 0.3)
        for packet in text.demux():
            if packet.dts is not None:
                packet.stream = subtitles
                container.mux(packet)
    return Case(folder / "two.mkv", mask_png(folder), "out.mkv")
