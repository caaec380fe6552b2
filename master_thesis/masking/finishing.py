"""Masks between the size of the video and the working size."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float

UNSURE = 0.2
"""Probability up to which pixels that may be the object keep theirs, whatever speaks against them."""
THRESHOLD = 0.4
"""Pixels that are object with this probability belong to a mask: what a mask misses stays in a filled video, but less
would take in what one of two directions mistakes for the object."""


def reduce_mask(mask: Bool[np.ndarray, "H W"], size: tuple[int, int]) -> Float[np.ndarray, "h w"]:
    """A mask at the working size: the share of every pixel that it covers."""
    return cv2.resize(mask.astype(np.float32), size[::-1], interpolation=cv2.INTER_AREA)


def enlarge(
    mask: Float[np.ndarray, "h w"], size: tuple[int, int], threshold: float = THRESHOLD
) -> Bool[np.ndarray, "H W"]:
    """A soft mask at the height and width of a frame: where it is above a threshold."""
    return cv2.resize(mask, size[::-1], interpolation=cv2.INTER_LINEAR) > threshold
