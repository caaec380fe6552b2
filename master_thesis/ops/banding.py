"""Makes slow gradients smooth that were rounded to whole levels."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float

SIGMAS_PX = (8, 4, 2)
"""Blurs, from coarse to fine; each is applied ``NUM_BLURS`` times."""
NUM_BLURS = 4
NEIGHBOURHOOD_PX = 5
FREEDOM, TEXTURE_FREEDOM = 1.0, 0.5
"""How far a pixel may move, in levels: where its neighbours differ by one level at most, as bands do, and elsewhere."""


def without_bands(picture: Float[np.ndarray, "H W 3"], hole: Bool[np.ndarray, "H W"]) -> Float[np.ndarray, "H W 3"]:
    """A picture in which what was rounded is smooth between its levels, and joins what is around it.

    Args:
        picture: RGB in [0, 255], whole numbers inside the hole and finer ones around it.
        hole: what may change. Textures stay, as no pixel changes by more than a level.
    """
    kernel = np.ones((NEIGHBOURHOOD_PX, NEIGHBOURHOOD_PX), np.uint8)
    start = np.rint(picture).astype(np.float32)
    freedom = np.where(cv2.dilate(start, kernel) - cv2.erode(start, kernel) <= 1, FREEDOM, TEXTURE_FREEDOM)
    result = picture.astype(np.float32)
    for sigma in np.repeat(SIGMAS_PX, NUM_BLURS):
        blurred = cv2.GaussianBlur(result, (0, 0), float(sigma))
        result[hole] = np.clip(blurred, start - freedom, start + freedom)[hole]
    return result
