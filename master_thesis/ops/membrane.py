"""Differences along the border of a hole, averaged along it and continued into the hole like a membrane.

Added to copied colours, they meet the surroundings without a step: a gradient-domain blend, guided by the copy
and fixed at the border.

Source: Perez et al., Poisson image editing, 2003.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float

from master_thesis.ops.push_pull import EPSILON

SIGMA_PX = 6.0
"""Blur of differences along the border, so that noise and texture do not count."""
MAX_SIDE = 256
"""A membrane is smooth, so it is computed at most at this size."""
RELAXATIONS = 8
CROSS = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], np.float32) / 4
"""The mean of the four neighbours."""
LEAST_SHARE = 0.02
"""Share of a reduced pixel that must be known for it to be."""


def along_border(
    difference: Float[np.ndarray, "H W 3"], where: Bool[np.ndarray, "H W"] | Float[np.ndarray, "H W"]
) -> Float[np.ndarray, "H W 3"]:
    """Averages differences along the pixels where they are known, or by weight; 0 elsewhere."""
    weights = where.astype(np.float32)
    *sums, share = cv2.split(blur(_weighted(difference, weights)))
    share += np.float32(1e-6)
    return cv2.copyTo(cv2.merge([plane / share for plane in sums]), (weights > 0).view(np.uint8))


def _weighted(values: Float[np.ndarray, "H W 3"], weights: Float[np.ndarray, "H W"]) -> Float[np.ndarray, "H W 4"]:
    """Values times their weights, and the weights."""
    return cv2.merge((*(plane * weights for plane in cv2.split(values)), weights))


def blur(signal: Float[np.ndarray, "H W *C"]) -> Float[np.ndarray, "H W *C"]:
    """Averages along borders, at half the size, which is as good and takes a quarter of the time."""
    height, width = signal.shape[:2]
    size = (max(width // 2, 1), max(height // 2, 1))
    small = cv2.GaussianBlur(cv2.resize(signal, size, interpolation=cv2.INTER_AREA), (0, 0), SIGMA_PX / 2)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def membrane(values: Float[np.ndarray, "H W 3"], where: Bool[np.ndarray, "H W"]) -> Float[np.ndarray, "H W 3"]:
    """Continues values from where they are known to everywhere."""
    height, width = where.shape
    factor = max(height / MAX_SIDE, width / MAX_SIDE, 1)
    size = (max(round(width / factor), 1), max(round(height / factor), 1))
    weights = where.astype(np.float32)
    *sums, share = cv2.split(cv2.resize(_weighted(values, weights), size, interpolation=cv2.INTER_AREA))
    means, known = cv2.merge([plane / (share + np.float32(1e-6)) for plane in sums]), (share > LEAST_SHARE)
    smooth = stretched(means, cv2.merge([known.astype(np.float32)] * 3))
    return cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR)


def stretched(values: Float[np.ndarray, "h w 3"], weights: Float[np.ndarray, "h w 3"]) -> Float[np.ndarray, "h w 3"]:
    """As :func:`~master_thesis.ops.push_pull.push_pull`, on one picture in a third of the time."""
    height, width = values.shape[:2]
    known, is_open = weights * values, 1 - weights
    if min(height, width) == 1:
        return known + is_open * (known.sum(axis=(0, 1)) / (weights.sum(axis=(0, 1)) + np.float32(EPSILON)))
    share = halved(weights)
    coarse = stretched(halved(known) / (share + np.float32(EPSILON)), np.minimum(2 * share, 1))
    filled = known + is_open * cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    for _ in range(RELAXATIONS):
        filled = known + is_open * cv2.filter2D(filled, -1, CROSS, borderType=cv2.BORDER_REPLICATE)
    return filled


def halved(planes: Float[np.ndarray, "h w 3"]) -> Float[np.ndarray, "h2 w2 3"]:
    """Averages two by two pixels, and what is left of them at the last row and column."""
    height, width = planes.shape[:2]
    even = cv2.copyMakeBorder(planes, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    return cv2.resize(even, (-(-width // 2), -(-height // 2)), interpolation=cv2.INTER_AREA)
