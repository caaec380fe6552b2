"""Removes the step of brightness between a filled hole and the frame around it."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from master_thesis.ops.membrane import along_border, membrane
from master_thesis.ops.pixels import nearest_in

LARGEST_STEP = 40.0
"""Larger steps, in grey levels, are edges of the scene, not seams."""


def remove_step(
    filled: UInt8[np.ndarray, "H W 3"], frame: UInt8[np.ndarray, "H W 3"], hole: Bool[np.ndarray, "H W"]
) -> UInt8[np.ndarray, "H W 3"]:
    """Adds the step across the border of a hole, continued inwards like a membrane, to the pixels of the hole.

    Args:
        filled: the filled frame; only its hole is read and changed.
        frame: the frame; only its known pixels are read.
        hole: the filled pixels.

    Source: the membrane of Perez et al., Poisson image editing, 2003.
    """
    step, weights = border_step(filled, frame, hole)
    if not weights.any():
        return filled
    correction = membrane(step, weights)
    corrected = filled.astype(np.float32) + np.where(hole[..., None], correction, 0)
    return np.rint(corrected.clip(0, 255)).astype(np.uint8)


def border_step(
    filled: UInt8[np.ndarray, "H W 3"], frame: UInt8[np.ndarray, "H W 3"], hole: Bool[np.ndarray, "H W"]
) -> tuple[Float[np.ndarray, "H W 3"], Bool[np.ndarray, "H W"]]:
    """The step from the hole to the frame at the pixels along the border, in grey levels, and where it is a seam.

    The frame is extrapolated linearly across the border, so that a slope of brightness is no step.
    """
    band = hole & (cv2.erode(hole.astype(np.uint8), np.ones((3, 3), np.uint8)) == 0)
    y, x = np.nonzero(band)
    step, is_seam = np.zeros((*hole.shape, 3), np.float32), np.zeros(hole.shape, bool)
    if hole.all() or not len(y):
        return step, is_seam
    nearest_y, nearest_x = _nearest_known(hole, y, x)
    beyond_y, beyond_x = 2 * nearest_y - y, 2 * nearest_x - x
    height, width = hole.shape
    is_inside = (beyond_y >= 0) & (beyond_y < height) & (beyond_x >= 0) & (beyond_x < width)
    beyond_y, beyond_x = beyond_y.clip(0, height - 1), beyond_x.clip(0, width - 1)
    is_known = is_inside & ~hole[beyond_y, beyond_x]
    near = frame[nearest_y, nearest_x].astype(np.float32)
    beyond = np.where(is_known[:, None], frame[beyond_y, beyond_x], near)
    difference = 2 * near - beyond - filled[y, x]
    is_close = (np.hypot(nearest_y - y, nearest_x - x) < 2) & (np.abs(difference).max(axis=-1) < LARGEST_STEP)
    step[y[is_close], x[is_close]] = difference[is_close]
    is_seam[y[is_close], x[is_close]] = True
    return along_border(step, is_seam), is_seam


def _nearest_known(hole: np.ndarray, y: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The positions of the known pixels nearest to some pixels of a hole."""
    known_y, known_x = np.nonzero(~hole)
    chosen = nearest_in(~hole)[y, x]
    return known_y[chosen], known_x[chosen]
