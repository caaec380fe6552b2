"""Images of a folder, in natural order."""

from __future__ import annotations

import re
from pathlib import Path

from master_thesis.errors import UserError

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})


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
