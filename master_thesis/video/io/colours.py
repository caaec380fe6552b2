"""Converts pictures between RGB and the YUV of videos, without shifting or darkening them.

Convention:
    Colours are converted by the tags of the file. Without tags, they are read as players do: as BT.709 (HD) from 720
    lines on, as BT.601 (SD) below. FFmpeg's usual conversion rounds down and repeats colour samples; here it rounds to
    nearest and interpolates them, so that a picture survives there and back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Interpolation
from jaxtyping import Bool, Shaped, UInt8, UInt16

from master_thesis.ops.image import FINE

UNSPECIFIED = 2
"""FFmpeg's value of a matrix, transfer function or primaries that are not tagged."""
BT709, BT601, RGB_MATRIX = 1, 6, 0
PQ, HLG = 16, 18
"""Transfer functions of HDR screens."""
ACCURATE = (
    Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.FULL_CHR_H_INP
)
"""One thread as well: with several, equal runs give files that differ by a few bytes far more often, no faster."""


@dataclass(frozen=True)
class Colours:
    """How the numbers of a picture are to be read, as FFmpeg numbers them.

    Attributes:
        matrix: from RGB to YUV.
        is_full_range: whether values go from 0 to 255 instead of 16 to 235.
        transfer: of light to numbers.
        primaries: which red, green and blue.
        is_tagged_range: whether the range is tagged.
    """

    matrix: int = BT709
    is_full_range: bool = False
    transfer: int = BT709
    primaries: int = BT709
    is_tagged_range: bool = True

    @property
    def is_hdr(self) -> bool:
        """Whether they are meant for an HDR screen."""
        return self.transfer in (PQ, HLG)

    @property
    def range_tag(self) -> ColorRange:
        """The tag of the range."""
        if not self.is_tagged_range:
            return ColorRange.UNSPECIFIED
        return ColorRange.JPEG if self.is_full_range else ColorRange.MPEG

    def matrix_at(self, height: int) -> int:
        """The matrix that players use for frames of a height."""
        return self.matrix if self.matrix != UNSPECIFIED else BT709 if height >= 720 else BT601

    def actual_range(self) -> ColorRange:
        """The range that players use."""
        return ColorRange.JPEG if self.is_full_range else ColorRange.MPEG


def colours_of(picture: Any) -> Colours:
    """The colours of a decoded picture; those of an RGB picture once it is stored as YUV."""
    if is_rgb(picture.format):
        return Colours()
    is_jpeg = picture.format.name.startswith("yuvj")
    is_full = is_jpeg or picture.color_range == ColorRange.JPEG
    tagged = is_full or picture.color_range == ColorRange.MPEG
    matrix = UNSPECIFIED if picture.colorspace == RGB_MATRIX else int(picture.colorspace)
    return Colours(matrix, is_full, int(picture.color_trc), int(picture.color_primaries), tagged)


def is_rgb(pixels: Any) -> bool:
    """Whether a pixel format stores red, green and blue, or a palette of them."""
    return bool(pixels.is_rgb or pixels.has_palette)


def to_rgb(picture: Any, with_alpha: bool = False) -> UInt8[np.ndarray, "H W C"]:
    """A decoded picture in RGB or RGBA."""
    return np.asarray(_in_rgb(picture, "rgba" if with_alpha else "rgb24").to_ndarray())


def _in_rgb(picture: Any, pix_fmt: str) -> Any:
    colours = colours_of(picture)
    ranges = {} if is_rgb(picture.format) else {"src_color_range": colours.actual_range()}
    matrix = colours.matrix_at(picture.height)
    return picture.reformat(format=pix_fmt, src_colorspace=matrix, interpolation=ACCURATE, threads=1, **ranges)


def to_fine_rgb(picture: Any) -> UInt16[np.ndarray, "H W 3"]:
    """A decoded picture in RGB of 16 bits, in which ``FINE * 255`` is white."""
    found = np.asarray(_in_rgb(picture, "rgb48le").to_ndarray())
    if not colours_of(picture).is_full_range:
        return found
    bits = picture.format.components[0].bits  # FFmpeg only shifts them, so that white is brighter than it reads back
    white = (2**bits - 1) << (16 - bits)
    return np.rint(found * np.float32(FINE * 255 / white)).astype(np.uint16)


def from_rgb(image: Shaped[np.ndarray, "H W 3"], pix_fmt: str, colours: Colours) -> Any:
    """An RGB picture of 8 or 16 bits in the pixel format and colours of a video."""
    depth = "rgb24" if image.dtype == np.uint8 else "rgb48le"
    picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format=depth)
    if is_rgb(av.VideoFormat(pix_fmt)):
        return picture.reformat(format=pix_fmt, threads=1)
    return picture.reformat(
        format=pix_fmt,
        dst_colorspace=colours.matrix_at(picture.height),
        dst_color_range=colours.actual_range(),
        interpolation=ACCURATE,
        threads=1,
    )


def with_known(
    image: Shaped[np.ndarray, "H W 3"], hole: Bool[np.ndarray, "H W"], native: Any, pix_fmt: str, colours: Colours
) -> Any:
    """A filled picture whose known pixels are those of the decoded video, number by number.

    A colour sample that several pixels share is filled only where all of them are.

    Args:
        image: the filled picture, RGB of 8 or 16 bits.
        hole: the filled pixels.
        native: the picture as decoded, in YUV.
        pix_fmt: pixel format of the result, in YUV.
        colours: of ``native`` and of the result.
    """
    known = _as_format(native, pix_fmt, colours)
    result = av.VideoFrame(native.width, native.height, pix_fmt)
    filled = from_rgb(image, pix_fmt, colours) if hole.any() else None
    for index in range(len(result.planes)):
        values = _numbers(result, index)
        values[:] = _numbers(known, index)
        if filled is not None:
            np.copyto(values, _numbers(filled, index), where=_shared(hole, *values.shape))
    return result


def _as_format(native: Any, pix_fmt: str, colours: Colours) -> Any:
    plain = native.format.name.replace("yuvj", "yuv").replace("yuva", "yuv")
    if plain == pix_fmt:
        return native
    ranged = {"src_color_range": colours.actual_range(), "dst_color_range": colours.actual_range()}
    matrix = colours.matrix_at(native.height)
    return native.reformat(
        format=pix_fmt, src_colorspace=matrix, dst_colorspace=matrix, interpolation=ACCURATE, threads=1, **ranged
    )


def _numbers(picture: Any, index: int) -> np.ndarray:
    """The numbers of a plane, without the padding of its lines; a view."""
    plane, size = picture.planes[index], 2 if picture.format.components[0].bits > 8 else 1
    lines = np.frombuffer(plane, np.uint16 if size == 2 else np.uint8).reshape(-1, plane.line_size // size)
    return lines[: plane.height, : plane.width]


def _shared(hole: Bool[np.ndarray, "H W"], height: int, width: int) -> Bool[np.ndarray, "h w"]:
    """Where all pixels that share a sample are hole; pixels beyond the border count as hole."""
    if hole.shape == (height, width):
        return hole
    rows, columns = -(-hole.shape[0] // height), -(-hole.shape[1] // width)
    padded = np.ones((rows * height, columns * width), bool)
    padded[: hole.shape[0], : hole.shape[1]] = hole
    return np.logical_and.reduce([padded[y::rows, x::columns] for y in range(rows) for x in range(columns)])
