"""Lists folders and their images in natural order."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from pathlib import Path

from master_thesis.errors import UserError

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})


def images_in(folder: Path) -> list[Path]:
    """Lists the images of a folder in natural order, without hidden files.

    Raises:
        UserError: the folder cannot be read.
    """
    return [path for path in entries_of(folder) if is_image(path.name)]


def entries_of(folder: Path) -> list[Path]:
    """Lists the entries of a folder in natural order, without hidden ones.

    Raises:
        UserError: the folder cannot be read.
    """
    try:
        return [Path(entry) for entry in scan(folder)]
    except OSError as error:
        raise UserError(f"{folder}: cannot be read ({str(error.strerror).lower()})") from error


def scan(folder: str | Path) -> list[os.DirEntry[str]]:
    """Lists the directory entries of a folder in natural order, without hidden ones; raises ``OSError``."""
    with os.scandir(folder) as entries:
        visible = [entry for entry in entries if not entry.name.startswith(".")]
    return sorted(visible, key=lambda entry: natural_key(entry.name))


def is_image(name: str, suffixes: Collection[str] = IMAGE_SUFFIXES) -> bool:
    """Whether a file name is that of an image that is not hidden.

    >>> is_image("00001.JPG"), is_image("notes.txt"), is_image(".00001.jpg")
    (True, False, False)
    """
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in suffixes


def natural_key(name: str) -> tuple[list[tuple[int, str]], str]:
    """Key that sorts runs of digits by value, then by the name itself.

    >>> sorted(["f10.png", "f2.png", "f02.png"], key=natural_key)
    ['f02.png', 'f2.png', 'f10.png']
    """
    # `isdecimal` agrees with `\d` and `int`; `isdigit` would also hold for "²", which is no number to either.
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], name
