"""Films like those of phones and of television, whose picture flashes when their sound begins, and what they show."""

from __future__ import annotations

import io
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from master_thesis.video.io.encoding import Encoding
from stress.case_files import remux
from stress.videos import moving_frames

SIZE = (120, 160)
FLASH, FLASH_FRAMES = 24, 3
"""The frame that flashes first, and how many do."""
TONE_HZ, RATE_HZ = 1000, 48000


@dataclass(frozen=True)
class Film:
    """A film to fill and to play.

    Attributes:
        path: of the file.
        codecs: of picture and sound.
        times: of the frames, in seconds from the start.
        rotation: degrees by which players turn it.
    """

    path: Path
    codecs: tuple[str, str]
    times: list[Fraction]
    rotation: int = 0


def phone(folder: Path) -> Film:
    """What a phone records, trimmed without encoding: five frames and their sound are stored, but hidden."""
    steps = [1 + (i % 3 == 1) for i in range(60)]
    times = [Fraction(sum(steps[:i]), 25) for i in range(60)]
    film = Film(folder / "full.mov", ("libx265", "aac"), times, rotation=-90)
    write(film, Fraction(1, 600), is_full=True, lead=5)
    cut = remux(film.path, folder / "IMG_0001.MOV", -Fraction(5, 25))
    data = cut.read_bytes()
    return Film(with_unknown_track(cut, data), film.codecs, times, film.rotation)


def with_unknown_track(path: Path, data: bytes) -> Path:
    """Adds a second sound, then renames its codec to an unknown one."""
    with av.open(io.BytesIO(data)) as source, av.open(str(path), "w", format="mov") as output:
        streams = [output.add_stream_from_template(s) for s in source.streams]
        extra = output.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux():
            if packet.dts is not None:
                is_sound = packet.stream.type == "audio"
                packet.stream = streams[packet.stream.index]
                output.mux(packet)
                if is_sound:
                    packet.stream = extra
                    output.mux(packet)
    written = path.read_bytes()
    place = written.rindex(b"trak")
    path.write_bytes(written[:place] + written[place:].replace(b"mp4a", b"apac").replace(b"esds", b"none"))
    return path


def television(folder: Path) -> Film:
    """A recording whose clock is ten hours old."""
    film = Film(folder / "part.ts", ("mpeg2video", "aac"), [Fraction(i, 25) for i in range(60)])
    write(film, Fraction(1, 25), is_full=False, lead=0)
    return Film(remux(film.path, folder / "tv.ts", Fraction(36000)), film.codecs, film.times)


def write(film: Film, base: Fraction, is_full: bool, lead: int) -> Film:
    """Writes a film; the first ``lead`` frames lie before its start."""
    frames = moving_frames(lead + len(film.times), SIZE)
    with av.open(str(film.path), "w") as container:
        options = {"x265-params": "log-level=none:bframes=0"} if film.codecs[0] == "libx265" else {"bf": "0"}
        video: Any = container.add_stream(film.codecs[0], rate=25, options=options)
        video.height, video.width, video.pix_fmt, video.time_base = *SIZE, "yuv420p", base
        video.codec_context.time_base = base
        video.codec_context.color_range, video.codec_context.colorspace = (2 if is_full else 1), 1
        video.codec_context.color_primaries = video.codec_context.color_trc = 1
        video.bit_rate = 4_000_000
        if film.rotation:
            video.set_display_rotation(film.rotation)
        sound: Any = container.add_stream(film.codecs[1], rate=RATE_HZ, layout="mono")
        hidden = Fraction(lead, 25)
        times = [Fraction(i, 25) for i in range(lead)] + [hidden + time for time in film.times]
        for i, (time, image) in enumerate(zip(times, frames, strict=True)):
            picture = np.full_like(image, 255) if 0 <= i - lead - FLASH < FLASH_FRAMES else image
            stored = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(
                format="yuv420p", dst_colorspace="ITU709", dst_color_range="JPEG" if is_full else "MPEG"
            )
            stored.pts, stored.time_base = int(time / base), base
            container.mux(video.encode(stored))
        container.mux(video.encode(None))
        write_tone(container, sound, float(hidden + film.times[FLASH]), float(times[-1]) + 0.04)
    return film


def write_tone(container: Any, sound: Any, start: float, seconds: float) -> None:
    """Writes silence until a moment, and a tone from there."""
    samples = sound.codec_context.frame_size or 1024
    for k in range(int(seconds * RATE_HZ / samples)):
        t = (k * samples + np.arange(samples)) / RATE_HZ
        wave = np.where(t >= start, 0.5 * np.sin(2 * np.pi * TONE_HZ * (t - start)), 0)
        frame = av.AudioFrame.from_ndarray(wave[None].astype(np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, k * samples, Fraction(1, RATE_HZ)
        container.mux(sound.encode(frame))
    container.mux(sound.encode(None))


def write_plain(film: Film, path: Path, crf: int) -> None:
    """Encodes the frames of a source by x264 with the options of a removal, at a constant rate."""
    encoding = Encoding(crf=crf)
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream("libx264", rate=25, options=encoding.options(SIZE))
        video.height, video.width, video.pix_fmt = *SIZE, "yuv420p"
        frames = source_frames(film)
        video.codec_context.color_range, video.codec_context.colorspace = frames[0].color_range, 1
        video.codec_context.color_primaries = video.codec_context.color_trc = 1
        if film.rotation:
            video.set_display_rotation(film.rotation)
        for i, frame in enumerate(frames):
            stored = av.VideoFrame.from_ndarray(frame.to_ndarray(), format="yuv420p")
            stored.color_range, stored.colorspace, stored.pts = frame.color_range, 1, i
            container.mux(video.encode(stored))
        container.mux(video.encode(None))


def source_frames(film: Film) -> list[Any]:
    """The frames of a source that are shown, as decoded."""
    with av.open(str(film.path)) as container:
        shown = [f for f in container.decode(video=0) if f.pts is not None]
        start = (container.start_time or 0) / 1e6
        return [f for f in shown if f.time >= max(start, 0) - 1e-3][-len(film.times) :]


def source_pictures(film: Film) -> list[np.ndarray]:
    """The same as a viewer sees them."""
    return [turned(rgb_of(f), film.rotation) for f in source_frames(film)]


def rgb_of(frame: Any) -> np.ndarray:
    """A frame of BT.709 in RGB, by the formula."""
    height, width = frame.height, frame.width
    planes = frame.reformat(format="yuvj420p" if frame.color_range == 2 else "yuv420p").to_ndarray().astype(np.float64)
    y = planes[:height]
    u, v = (
        cv2.resize(p.reshape(height // 2, width // 2), (width, height), interpolation=cv2.INTER_LINEAR) - 128
        for p in np.split(planes[height:].ravel(), 2)
    )
    if frame.color_range != 2:
        y, u, v = (y - 16) * 255 / 219, u * 255 / 224, v * 255 / 224
    rgb = np.stack((y + 1.5748 * v, y - 0.1873 * u - 0.4681 * v, y + 1.8556 * u), axis=-1)
    return rgb.round().clip(0, 255).astype(np.uint8)


def frame_times(path: Path) -> list[float]:
    """When the frames of a file are shown, in seconds."""
    with av.open(str(path)) as container:
        return [float(f.pts * f.time_base) for f in container.decode(video=0) if f.pts is not None]


def sound_onset(film: Film) -> float:
    """When the tone of a source begins, by its own clock."""
    with av.open(str(film.path)) as container:
        for frame in container.decode(audio=0):
            loud = np.flatnonzero(np.abs(frame.to_ndarray()[0]) > 0.1)
            if loud.size:
                return float(frame.pts * frame.time_base) + float(loud[0]) / RATE_HZ
    raise AssertionError("no tone")


def turned(picture: np.ndarray, degrees: int) -> np.ndarray:
    """A picture as players show it."""
    return np.rot90(picture, degrees // 90)
