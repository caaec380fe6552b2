"""Reading videos and folders of frames, one frame at a time, as often as wanted.

Convention:
    Frames come in *stored* orientation (see :mod:`master_thesis.io.video`), as RGB of 8 bits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from master_thesis.config import UserError, require
from master_thesis.io.frames import frame_size, read_frame
from master_thesis.io.video import Timing

VIDEO_SUFFIXES = frozenset({".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".gif"})
IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})


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


def images_in(folder: Path) -> list[Path]:
    """The images of a folder, frame 2 before frame 10; hidden files are left out.

    Raises:
        UserError: the folder may not be read.
    """
    return [p for p in entries_of(folder) if p.suffix.lower() in IMAGE_SUFFIXES]


def entries_of(folder: Path) -> list[Path]:
    """What lies in a folder, in natural order; hidden files are left out.

    Raises:
        UserError: the folder may not be read.
    """
    try:
        return sorted((p for p in folder.iterdir() if not p.name.startswith(".")), key=natural_key)
    except OSError as error:
        raise UserError(f"{folder}: cannot be read ({str(error.strerror).lower()})") from error


def natural_key(path: Path) -> list[tuple[int, str]]:
    """Sorts digits by value: ``frame2`` before ``frame10``.

    >>> sorted(map(Path, ["f10.png", "f2.png"]), key=natural_key)[0].name
    'f2.png'
    """
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path.name)]


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
