"""Masks of two grades: pixels that are hole, and pixels that may belong to it.

Convention:
    Indexed PNG: 1 (white) is hole, 2 (grey) is unsure. Everything that reads masks takes both as hole.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from jaxtyping import Bool
from PIL import Image

from master_thesis.images.codec import read_mask_pictures, write_png

UNSURE = 2
"""Index of pixels that may belong to the hole."""
_PALETTE = [*(0, 0, 0), *(255, 255, 255), *(144, 144, 144)]


def write_graded(path: Path, mask: Bool[np.ndarray, "H W"], unsure: Bool[np.ndarray, "H W"]) -> None:
    """Writes a mask; what is unsure outside of it is marked as such."""
    values = np.where(mask, np.uint8(1), UNSURE * unsure.view(np.uint8))
    if not (values == UNSURE).any():
        write_png(path, np.ascontiguousarray(mask))
        return
    picture, data = Image.fromarray(values), io.BytesIO()
    picture.putpalette(_PALETTE)
    picture.save(data, format="PNG", bits=2)
    path.write_bytes(data.getvalue())


def read_graded(path: Path) -> tuple[Bool[np.ndarray, "H W"], Bool[np.ndarray, "H W"]]:
    """Reads a mask, and which pixels outside of it are unsure: none in masks of one grade.

    Raises:
        UnreadableFrame: the file cannot be read.
    """
    picture = next(read_mask_pictures(path))
    hole = picture.above(0)
    unsure = picture.values == UNSURE if picture.is_indexed else np.zeros(hole.shape, bool)
    return hole & ~unsure, unsure
