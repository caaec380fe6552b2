"""Gives copies the grain of the frame they are put into, where sampling or averaging has removed their own."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from jaxtyping import Bool, Float

from master_thesis.ops.pixels import where_masked

KERNEL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32) / 6
"""Responds to noise with its standard deviation, and hardly to edges (Immerkaer, 1996)."""
BLOCK_PX = 9
"""Extent of the neighbourhood over which responses are averaged."""
FLATTEST = 20
"""Noise is measured where the picture is flattest: at this percentile of the averages."""
LEAST_PIXELS = 300
LEAST_LACK = 0.15
"""Share of the grain that must be missing to be added."""
LEAST_GRAIN, STRONGEST = 0.7, 8.0
"""Range of the standard deviation of added grain, in grey levels; less is invisible."""
TILE_PX = 256
ABS_TO_STD = 1.2533
"""Standard deviation of a normal distribution of mean absolute value 1."""


def with_grain(
    picture: Float[np.ndarray, "H W 3"],
    known: Bool[np.ndarray, "H W"],
    copied: Bool[np.ndarray, "H W"],
    seed: int,
    corner: tuple[int, int] = (0, 0),
) -> Float[np.ndarray, "H W 3"]:
    """Adds to the copies what they lack of the grain of the known pixels; the same seed gives the same grain.

    Args:
        picture: part of a frame, RGB in [0, 255].
        known: its pixels that are known.
        copied: those that are copied.
        seed: a different one for each frame.
        corner: position (x, y) of the first pixel in the frame.
    """
    there, here = grain_of(picture, known), grain_of(picture, copied)
    lack = np.where(here < (1 - LEAST_LACK) * there, np.sqrt((there**2 - here**2).clip(0, STRONGEST**2)), 0)
    lack[lack < LEAST_GRAIN] = 0
    if not lack.any():
        return picture
    (left, top), (height, width) = np.random.default_rng(seed).integers(0, TILE_PX, 2) + corner, known.shape
    rows, columns = np.arange(top, top + height) % TILE_PX, np.arange(left, left + width) % TILE_PX
    noise = _tile().take(rows, axis=0).take(columns, axis=1) * lack.astype(np.float32)
    return where_masked(copied, picture + noise, picture)


def grain_of(picture: Float[np.ndarray, "H W 3"], where: Bool[np.ndarray, "H W"]) -> Float[np.ndarray, " 3"]:
    """The standard deviation of the noise in a part of a picture, per channel; NaN where it is too small to tell."""
    inside = cv2.erode(where.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0).astype(np.float32)
    if inside.sum() < LEAST_PIXELS:
        return np.full(3, np.nan)
    channels = cv2.split(np.abs(cv2.filter2D(picture.astype(np.float32), -1, KERNEL)))
    answers = cv2.merge([channel * inside for channel in channels])
    averages, share = (cv2.blur(planes, (BLOCK_PX, BLOCK_PX)) for planes in (answers, inside))
    chosen = (inside > 0) & (share > 0.5)
    if not chosen.any():
        return np.full(3, np.nan)
    weights = share[chosen]
    found = [np.percentile(plane[chosen] / weights, FLATTEST) for plane in cv2.split(averages)]
    return ABS_TO_STD * np.array(found)


@lru_cache(maxsize=1)
def _tile() -> Float[np.ndarray, "_ _ 3"]:
    return np.random.default_rng(0).standard_normal((TILE_PX, TILE_PX, 3)).astype(np.float32)
