"""Small videos in every container that is read, written on the spot."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

VARIABLE = (0, 1, 2, 5, 9, 14, 15, 20)
"""Times of the frames of a clip with a variable rate, in frame intervals of a steady one."""
STEP_PX = 2
"""How far the camera of :func:`moving_frames` moves right per frame."""


@dataclass
class Clip:
    """A video file to write: container, streams and timing."""

    name: str = "clip.mp4"
    codec: str = "libx264"
    pix_fmt: str = "yuv420p"
    audio: str | None = None
    layout: str = "mono"
    rotation: int | None = None
    times: tuple[int, ...] = tuple(range(8))
    rate: int = 25
    size: tuple[int, int] = (48, 64)
    alpha: np.ndarray | None = None
    options: dict[str, str] = field(default_factory=dict)

    def write(self, folder: Path, frames: list[np.ndarray] | None = None) -> Path:
        """Writes the file; the default frames are those of a moving camera."""
        path = folder / self.name
        frames = moving_frames(len(self.times), self.size) if frames is None else frames
        with av.open(str(path), "w") as container:
            rates = {".gif": 100, ".avi": self.rate, ".mpg": self.rate, ".wmv": self.rate}
            base = Fraction(1, rates.get(path.suffix, 600))
            video: Any = container.add_stream(self.codec, rate=self.rate, options=self.options)
            video.height, video.width = frames[0].shape[:2]
            video.pix_fmt, video.time_base, video.codec_context.time_base = self.pix_fmt, base, base
            if self.rotation:
                video.set_display_rotation(self.rotation)
            sound: Any = container.add_stream(self.audio, rate=48000) if self.audio else None
            if sound:
                sound.layout = self.layout
                if self.audio == "wmav2":  # which has no default
                    sound.bit_rate = 128_000
            ticks = int(1 / (self.rate * base))
            for time, image in zip(self.times, frames, strict=True):
                picture = self._picture(image)
                picture.pts, picture.time_base = time * ticks, base
                container.mux(video.encode(picture))
            container.mux(video.encode(None))
            if sound:
                write_noise(container, sound, seconds=(max(self.times) + 1) / self.rate)
        return path

    def _picture(self, image: np.ndarray) -> av.VideoFrame:
        if self.alpha is None:
            return av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=self.pix_fmt)
        rgba = np.dstack((image, self.alpha))
        return av.VideoFrame.from_ndarray(rgba, format="rgba").reformat(format=self.pix_fmt)


def write_noise(container: Any, sound: Any, seconds: float) -> None:
    """Writes quiet noise into an audio stream."""
    samples = sound.codec_context.frame_size or 1024
    for k in range(int(seconds * 48000 / samples) + 1):
        noise = np.random.default_rng(k).integers(-3000, 3000, (1, samples)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(noise, format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48000, k * samples, Fraction(1, 48000)
        container.mux(sound.encode(frame))
    container.mux(sound.encode(None))


def panorama(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Returns a smooth picture with structure everywhere."""
    noise = np.random.default_rng(seed).integers(0, 256, (height // 4 + 2, width // 4 + 2, 3), dtype=np.uint8)
    return cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)


def moving_frames(count: int, size: tuple[int, int] = (48, 64), seed: int = 0) -> list[np.ndarray]:
    """Returns the frames of a camera that moves right over a panorama."""
    height, width = size
    picture = panorama(height, width + STEP_PX * count, seed)
    return [np.ascontiguousarray(picture[:, STEP_PX * t : STEP_PX * t + width]) for t in range(count)]


def box_mask(size: tuple[int, int] = (48, 64), box: tuple[int, int, int, int] = (16, 24, 32, 40)) -> np.ndarray:
    """Returns a mask with a rectangular hole: top, left, bottom, right."""
    mask = np.zeros(size, bool)
    mask[box[0] : box[2], box[1] : box[3]] = True
    return mask


def packets(path: Path, kind: str) -> tuple[list[Fraction], list[int]]:
    """Returns the times and the hashed contents of all packets of a kind of stream."""
    with av.open(str(path)) as container:
        stream = next(s for s in container.streams if s.type == kind)
        found = [(p.pts * p.time_base, hash(bytes(p))) for p in container.demux(stream) if p.size]
    return [time for time, _ in found], [content for _, content in found]


def shown(path: Path) -> list[tuple[Fraction, np.ndarray]]:
    """Returns the time and the picture of every frame."""
    with av.open(str(path)) as container:
        return [(f.pts * f.time_base, f.to_ndarray(format="rgb24")) for f in container.decode(video=0)]


CONTAINERS = [
    Clip("clip.mp4", audio="aac"),
    Clip("variable.mp4", audio="aac", times=VARIABLE),
    Clip("turned.mp4", audio="aac", rotation=90),
    Clip("clip.mov", audio="pcm_s16le", rotation=-90, times=VARIABLE),
    Clip("clip.mkv", audio="libopus", rotation=180, times=VARIABLE),
    Clip("clip.webm", codec="libvpx-vp9", audio="libopus", times=VARIABLE),
    Clip("clip.avi", codec="mpeg4", audio="libmp3lame"),
    Clip("clip.gif", codec="gif", pix_fmt="rgb8", times=VARIABLE),
    Clip("odd.mp4", pix_fmt="yuv444p", size=(47, 63)),
    Clip("ten_bits.mkv", codec="ffv1", pix_fmt="yuv420p10le"),
]
