"""Reading videos and folders of frames, one frame at a time, as often as wanted.

Convention:
    Frames come in *stored* orientation (see :mod:`master_thesis.video.io.writer`), as RGB of 8 bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from master_thesis.errors import require
from master_thesis.images.codec import read_frame
from master_thesis.images.header import frame_size
from master_thesis.images.listing import IMAGE_SUFFIXES, images_in
from master_thesis.video.io.writer import Timing

VIDEO_SUFFIXES = frozenset({".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".gif"})


@dataclass(frozen=True)
class VideoInfo:
    """What is known about a video before its first frame is decoded.

    Attributes:
        path: the file or folder.
        size: height and width as stored, in pixels.
        timing: rate and time base.
        estimated_frames: what the container claims; 0 where it says nothing. Only decoding counts.
        pix_fmt: FFmpeg's name of the stored pixels; empty for a folder.
        bits: of one colour value.
        has_alpha: whether frames carry transparency.
        is_hdr: whether brightness is coded for HDR screens.
        is_interlaced: whether a frame holds two half pictures.
        display_matrix: how players turn the frames (nine integers); None: not at all.
        pixel_aspect: width over height of a pixel; None: square.
        audio_codecs: one per sound track.
        names: of the files of a folder of frames.
    """

    path: Path
    size: tuple[int, int]
    timing: Timing
    estimated_frames: int = 0
    pix_fmt: str = ""
    bits: int = 8
    has_alpha: bool = False
    is_hdr: bool = False
    is_interlaced: bool = False
    display_matrix: tuple[int, ...] | None = None
    pixel_aspect: Fraction | None = None
    audio_codecs: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class TimedFrame:
    """A frame and when it is shown.

    Attributes:
        image: the picture, RGB.
        pts: when it is shown, in ticks of the time base.
        alpha: 0 = transparent, 255 = opaque; None where the video has no transparency.
        name: of the file, in a folder of frames; empty in a video.
    """

    image: UInt8[np.ndarray, "H W 3"]
    pts: int
    alpha: UInt8[np.ndarray, "H W"] | None = None
    name: str = ""


@runtime_checkable
class VideoSource(Protocol):
    """Something that can be played again and again."""

    info: VideoInfo

    def frames(self) -> Iterator[TimedFrame]:
        """Decodes from the beginning, one frame in memory at a time."""
        ...


class FrameFolder:
    """A folder of images as a video: sorted by name, all of one size."""

    def __init__(self, path: Path, rate: Fraction | float | int) -> None:
        self._images = images_in(path)
        require(bool(self._images), f"{path}: holds no images ({', '.join(sorted(IMAGE_SUFFIXES))})")
        height, width = frame_size(self._images[0])
        self.info = VideoInfo(
            path,
            (height, width),
            Timing.constant(rate),
            len(self._images),
            has_alpha=_has_alpha(self._images[0]),
            names=tuple(image.name for image in self._images),
        )

    def frames(self) -> Iterator[TimedFrame]:
        """Reads one image after another."""
        for index, path in enumerate(self._images):
            image = read_frame(path)
            h, w = self.info.size
            came = f"{image.shape[1]} x {image.shape[0]}"
            require(image.shape[:2] == (h, w), f"{path}: should be {w} x {h} as the first frame, is {came}")
            yield TimedFrame(image, index, _read_alpha(path) if self.info.has_alpha else None, path.name)


def _has_alpha(path: Path) -> bool:
    with Image.open(path) as image:
        return image.has_transparency_data


def _read_alpha(path: Path) -> UInt8[np.ndarray, "H W"]:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGBA").getchannel("A"))
