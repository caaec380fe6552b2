"""Reduces frames and their holes by averaging, so that nothing of a hole leaks into pixels that count as known."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Shaped


def size_within(size: tuple[int, int], longer_side: int) -> tuple[int, int]:
    """The height and width, in the same ratio, whose longer side is at most ``longer_side`` pixels; never enlarged.

    >>> size_within((360, 640), 320), size_within((36, 64), 320)
    ((180, 320), (36, 64))
    """
    share = min(longer_side / max(size), 1.0)
    return max(round(size[0] * share), 1), max(round(size[1] * share), 1)


def reduce_image(image: Shaped[np.ndarray, "H W 3"], size: tuple[int, int]) -> Shaped[np.ndarray, "h w 3"]:
    """The image at a smaller height and width: each pixel averages those that it covers."""
    return _averaged(image, size)


def reduce_hole(hole: Bool[np.ndarray, "H W"], size: tuple[int, int]) -> Bool[np.ndarray, "h w"]:
    """The pixels at a smaller height and width that cover any pixel of the hole."""
    return _averaged(hole.astype(np.float32), size) > 0


def _averaged(plane: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    if plane.shape[:2] == size:
        return np.ascontiguousarray(plane)
    return cv2.resize(np.ascontiguousarray(plane), size[::-1], interpolation=cv2.INTER_AREA)
