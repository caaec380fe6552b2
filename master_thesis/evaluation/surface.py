"""Figures of what eyes notice first in a fill: whether it is as sharp as the scene, and whether its border shows.

Convention:
    As in :mod:`master_thesis.metrics`: uint8 frames ``(F, H, W, 3)``, masks ``(F, H, W)``, True = hole; one figure per
    frame, NaN where there is nothing to measure. A part of a hole is a mask, too: its border is then also that to the
    rest of the hole.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

EROSION_PX = 2
"""Pixels at the border of a hole whose sharpness is not measured, as they mix both sides."""
MIN_DETAIL = 0.5
"""Mean absolute Laplacian, in grey levels, below which the truth has no detail that a fill could be compared with."""


def sharpness(
    filled: UInt8[np.ndarray, "F H W 3"], frames: UInt8[np.ndarray, "F H W 3"], mask: Bool[np.ndarray, "F H W"]
) -> Float[np.ndarray, " F"]:
    """Mean absolute Laplacian of the grey fill inside the eroded hole, divided by that of the truth.

    1 is as sharp as the truth, 0 is flat, and more than 1 is sharper or noisier.
    """
    return _per_hole(_sharpness, filled, frames, mask)


def seam(
    filled: UInt8[np.ndarray, "F H W 3"], frames: UInt8[np.ndarray, "F H W 3"], mask: Bool[np.ndarray, "F H W"]
) -> Float[np.ndarray, " F"]:
    """Mean absolute step between neighbours on both sides of the hole's border, minus that of the truth.

    In grey levels, over the colours of all pairs of horizontal or vertical neighbours of which one is in the hole. 0 is
    as inconspicuous as the truth.
    """
    return _per_hole(_seam, filled, frames, mask)


def _sharpness(filled: np.ndarray, frame: np.ndarray, hole: np.ndarray) -> float:
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    inside = cv2.erode(hole.astype(np.uint8), cross, iterations=EROSION_PX) > 0
    if not inside.any():
        return np.nan
    fill, truth = (np.abs(_laplacian(picture))[inside].mean() for picture in (filled, frame))
    return float(fill / truth) if truth >= MIN_DETAIL else np.nan


def _laplacian(picture: UInt8[np.ndarray, "H W 3"]) -> Float[np.ndarray, "H W"]:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return cv2.Laplacian(grey, cv2.CV_32F, ksize=1, borderType=cv2.BORDER_REPLICATE)


def _seam(filled: np.ndarray, frame: np.ndarray, hole: np.ndarray) -> float:
    fill, truth = (_steps(picture, hole) for picture in (filled, frame))
    return float(fill.mean() - truth.mean()) if fill.size else np.nan


def _steps(picture: UInt8[np.ndarray, "H W 3"], hole: Bool[np.ndarray, "H W"]) -> np.ndarray:
    """Absolute differences of colours across the border of a hole."""
    planes, steps = picture.astype(np.int16), []
    for axis in (0, 1):
        is_border = np.diff(hole, axis=axis)
        steps.append(np.abs(np.diff(planes, axis=axis))[is_border])
    return np.concatenate(steps)


def _per_hole(measure: Callable[[np.ndarray, np.ndarray, np.ndarray], float], *planes: np.ndarray) -> np.ndarray:
    rows = zip(*planes, strict=True)
    return np.array([measure(*row) if row[2].any() else np.nan for row in rows])
