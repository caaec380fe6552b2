"""Reads videos and folders of frames one frame at a time, as often as needed.

Convention:
    Frames are RGB of 8 bits, in *stored* orientation (see :mod:`master_thesis.video.io.writer`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8, UInt16
from PIL import Image

from master_thesis.errors import require
from master_thesis.images.animation import refuse_animation
from master_thesis.images.codec import read_frame
from master_thesis.images.header import frame_size
from master_thesis.images.listing import IMAGE_SUFFIXES, images_in
from master_thesis.ops.image import FINE
from master_thesis.video.io.clock import Clock
from master_thesis.video.io.colours import Colours, to_fine_rgb
from master_thesis.video.io.encoding import is_yuv
from master_thesis.video.io.orientation import swaps_axes
from master_thesis.video.io.tracks import Track
from master_thesis.video.io.writer import Geometry, Timing

VIDEO_SUFFIXES = frozenset(
    {
        *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".gif", ".ts", ".mts", ".m2ts", ".m2v", ".mpg", ".mpeg"),
        *(".vob", ".3gp", ".3g2", ".wmv", ".asf", ".flv", ".f4v", ".ogv", ".mxf", ".dv", ".y4m"),
    }
)
"""Files that count as videos even if they cannot be opened; others count if they have a picture stream."""


@dataclass(frozen=True)
class VideoInfo:
    """What is known about a video before its frames are decoded.

    Attributes:
        path: the file or folder.
        size: stored height and width, in pixels.
        timing: rate and time base.
        estimated_frames: the number of frames the container claims, 0 if it does not say; decoding may find others.
        pix_fmt: FFmpeg's name of the pixel format; empty for a folder.
        bits: of one colour value.
        has_alpha: whether frames have transparency.
        is_hdr: whether the transfer function is one for HDR screens.
        colours: how the pixel values are to be read.
        hdr_light: the screen that an HDR video was made for, as x265 takes it; empty if it is not stated.
        is_interlaced: whether a frame holds two fields.
        display_matrix: how players rotate the frames (nine integers); None: not at all.
        pixel_aspect: width over height of a pixel; None: square.
        audio_codecs: one per audio stream.
        names: file names of a folder of frames.
        tracks: the other streams.
        picture: index of the picture stream.
        clock: maps the times of the file to those of ``TimedFrame``, which are those of the result.
        notice: what is to be said about the choice of the picture stream; empty if there is no choice.
    """

    path: Path
    size: tuple[int, int]
    timing: Timing
    estimated_frames: int = 0
    pix_fmt: str = ""
    bits: int = 8
    has_alpha: bool = False
    is_hdr: bool = False
    colours: Colours = field(default_factory=Colours)
    hdr_light: str = ""
    is_interlaced: bool = False
    display_matrix: tuple[int, ...] | None = None
    pixel_aspect: Fraction | None = None
    audio_codecs: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    tracks: tuple[Track, ...] = ()
    picture: int = 0
    clock: Clock = field(default_factory=Clock)
    notice: str = ""

    @property
    def is_fine(self) -> bool:
        """Whether frames can be read with more than 8 bits."""
        return self.bits > 8 and is_yuv(self.pix_fmt)

    @property
    def geometry(self) -> Geometry:
        """The format of the pictures."""
        return Geometry(self.size, self.display_matrix, self.pixel_aspect)

    @property
    def displayed_size(self) -> tuple[int, int]:
        """Height and width of the stored pixels, turned as players show the video."""
        height, width = self.size
        return (width, height) if swaps_axes(self.display_matrix) else (height, width)

    @property
    def shown_size(self) -> tuple[int, int]:
        """Height and width as players show the video: with square pixels, which widen or narrow it."""
        height, width = self.size[0], max(round(self.size[1] * (self.pixel_aspect or 1)), 1)
        return (width, height) if swaps_axes(self.display_matrix) else (height, width)


@dataclass(frozen=True)
class TimedFrame:
    """A frame and its time.

    Attributes:
        image: the picture, RGB.
        pts: presentation time in the result, in ticks of the time base.
        alpha: 0 = transparent, 255 = opaque; None if the video has no transparency.
        name: file name in a folder of frames; empty in a video.
        native: the picture as the video stores it, if it does so in YUV.
        length: how long it is shown, in ticks; 0: not known.
        is_held: whether it repeats the frame before it, because it is damaged.
        is_bridged: whether it is made from the frames around it, because it is damaged.
    """

    image: UInt8[np.ndarray, "H W 3"]
    pts: int
    alpha: UInt8[np.ndarray, "H W"] | None = None
    name: str = ""
    native: Any = None
    length: int = 0
    is_held: bool = False
    is_bridged: bool = False

    def fine_image(self) -> UInt16[np.ndarray, "H W 3"]:
        """The picture in RGB of 16 bits."""
        widened = self.image.astype(np.uint16) * FINE
        return widened if self.native is None else to_fine_rgb(self.native)


@runtime_checkable
class VideoSource(Protocol):
    """A video that can be decoded any number of times."""

    info: VideoInfo

    def frames(self) -> Iterator[TimedFrame]:
        """Decodes from the beginning, one frame in memory at a time."""
        ...


class FrameFolder:
    """A folder of images as a video: in natural order, all of one size."""

    def __init__(self, path: Path, rate: Fraction | float | int) -> None:
        self._images = images_in(path)
        require(bool(self._images), f"{path}: contains no images ({', '.join(sorted(IMAGE_SUFFIXES))})")
        for image in self._images:
            refuse_animation(image)
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
        """Reads one image after another.

        Raises:
            UserError: an image cannot be read, or differs in size from the first.
        """
        for index, path in enumerate(self._images):
            image = read_frame(path)
            h, w = self.info.size
            got = f"{image.shape[1]} x {image.shape[0]}"
            require(image.shape[:2] == (h, w), f"{path}: should be {w} x {h} like the first frame, got {got}")
            yield TimedFrame(image, index, _read_alpha(path) if self.info.has_alpha else None, path.name)


def _has_alpha(path: Path) -> bool:
    with Image.open(path) as image:
        return image.has_transparency_data


def _read_alpha(path: Path) -> UInt8[np.ndarray, "H W"]:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGBA").getchannel("A"))
