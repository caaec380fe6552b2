"""The outside of image files: bytes and headers, checked before anything is decoded."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from master_thesis.errors import UserError

MAX_PIXELS = 2**26
"""Images with more pixels (8192 x 8192) are refused before they are decoded."""

MAX_BYTES = 2**29
"""Larger files (512 MiB) are refused: no image within ``MAX_PIXELS`` needs them."""

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
_EXIF_ORIENTATION = 274


class UnreadableFrame(UserError):  # noqa: N818 - reads like the other names of this package
    """A frame or mask that cannot be used; the message names the file."""


@dataclass(frozen=True)
class Header:
    """What the first bytes of an image say."""

    height: int
    width: int
    is_jpeg: bool
    is_upright: bool
    mode: str


def frame_size(path: str | Path) -> tuple[int, int]:
    """Height and width of an upright image, read from its header alone.

    Raises:
        UnreadableFrame: the file is missing, no image, or larger than ``MAX_PIXELS``.
    """
    with _opened(path) as file:
        header = _read_header(file, path)
    return header.height, header.width


def load(path: str | Path) -> tuple[bytes, Header]:
    """The bytes of an image whose header has been checked."""
    with _opened(path) as file:
        header = _read_header(file, path)
        file.seek(0)
        data = file.read()
    # Decoders fill up a truncated JPEG with grey, at most with a warning.
    if header.is_jpeg and not _has_end(data):
        raise UnreadableFrame(f"{path} is truncated")
    return data, header


@contextlib.contextmanager
def _opened(path: str | Path) -> Iterator[Any]:
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for ever
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
    except Exception as error:  # Pillow's readers raise all kinds of errors on hostile files
        raise UnreadableFrame(f"{path} is not an image that can be read") from error
    if height * width > MAX_PIXELS:
        raise UnreadableFrame(f"{path} has {height} x {width} pixels, more than the limit of {MAX_PIXELS}")
    if orientation in (5, 6, 7, 8):  # stored lying on its side
        height, width = width, height
    return Header(height, width, is_jpeg, is_upright=orientation not in range(2, 9), mode=mode)


def _has_end(jpeg: bytes) -> bool:
    """Whether a JPEG's end marker follows its image data (an embedded thumbnail has an end marker of its own)."""
    position = 2
    while position + 1 < len(jpeg) and jpeg[position] == 0xFF:
        marker = jpeg[position + 1]
        if marker == 0xDA:
            return jpeg.rfind(b"\xff\xd9", position) != -1
        position += 1 if marker == 0xFF else 2 + int.from_bytes(jpeg[position + 2 : position + 4], "big")
    return False
