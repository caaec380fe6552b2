"""Reads image files and checks their headers before anything is decoded."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, TiffImagePlugin, WebPImagePlugin

from master_thesis.errors import UserError

MAX_PIXELS = 2**26
"""Images with more pixels (8192 x 8192) are refused before they are decoded."""

MAX_BYTES = 2**29
"""Files with more bytes (512 MiB) are refused: no image within ``MAX_PIXELS`` needs as many."""

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
LOADED = (TiffImagePlugin, WebPImagePlugin)
"""The formats that Pillow does not know from the start: if it misses one it loads all that it has, which are dozens."""
_EXIF_ORIENTATION = 274


class UnreadableFrame(UserError):  # noqa: N818 - named like the other errors of this package
    """A frame or mask that cannot be used; the message names the file."""


@dataclass(frozen=True)
class Header:
    """What the header of an image states.

    Attributes:
        height: rows of the upright image, in px.
        width: columns of the upright image, in px.
        is_jpeg: whether it is a JPEG.
        is_upright: whether the pixels are stored upright, so that no orientation has to be applied.
        mode: the colour mode as Pillow names it.
    """

    height: int
    width: int
    is_jpeg: bool
    is_upright: bool
    mode: str


def frame_size(path: str | Path) -> tuple[int, int]:
    """Reads height and width of the upright image from its header alone.

    Raises:
        UnreadableFrame: the file is missing, not an image, or larger than ``MAX_PIXELS``.
    """
    with _opened(path) as file:
        header = _read_header(file, path)
    return header.height, header.width


def load(path: str | Path) -> tuple[bytes, Header]:
    """Reads the bytes of an image and its header.

    Raises:
        UnreadableFrame: the file is missing, not an image, truncated, or larger than ``MAX_PIXELS``.
    """
    with _opened(path) as file:
        header = _read_header(file, path)
        file.seek(0)
        data = file.read()
    # Decoders fill the missing part of a JPEG with grey and warn at most.
    if header.is_jpeg and not _has_end(data):
        raise UnreadableFrame(f"{path} is truncated")
    return data, header


@contextlib.contextmanager
def _opened(path: str | Path) -> Iterator[Any]:
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):  # opening a pipe would block
            raise UnreadableFrame(f"{path} is not a file")
        if status.st_size == 0:
            raise UnreadableFrame(f"{path} is empty")
        if status.st_size > MAX_BYTES:
            raise UnreadableFrame(f"{path} has {status.st_size} bytes, more than the limit of {MAX_BYTES}")
        with open(path, "rb") as file:
            yield file
    except OSError as error:
        raise UnreadableFrame(f"{path} cannot be read: {error.strerror or error}") from error


def _read_header(file: Any, path: str | Path) -> Header:
    try:
        with Image.open(file, formats=FORMATS) as image:
            width, height = image.size
            is_jpeg = image.format in ("JPEG", "MPO")
            orientation = image.getexif().get(_EXIF_ORIENTATION, 1) if is_jpeg else 1
            mode = image.mode
            image.fp = None  # the caller's file stays open
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnreadableFrame(f"{path} is larger than the limit of {MAX_PIXELS} pixels") from error
    except Exception as error:  # Pillow raises errors of many types on hostile files
        raise UnreadableFrame(f"{path} is not a readable image") from error
    if height * width > MAX_PIXELS:
        raise UnreadableFrame(f"{path} has {height} x {width} pixels, more than the limit of {MAX_PIXELS}")
    if orientation in (5, 6, 7, 8):  # stored on its side
        height, width = width, height
    return Header(height, width, is_jpeg, is_upright=orientation not in range(2, 9), mode=mode)


def _has_end(jpeg: bytes) -> bool:
    """Whether an end marker follows the image data of a JPEG; one before it may belong to a thumbnail."""
    position = 2
    while position + 1 < len(jpeg) and jpeg[position] == 0xFF:
        marker = jpeg[position + 1]
        if marker == 0xDA:
            return jpeg.rfind(b"\xff\xd9", position) != -1
        position += 1 if marker == 0xFF else 2 + int.from_bytes(jpeg[position + 2 : position + 4], "big")
    return False
