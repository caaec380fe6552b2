"""Masks as arrays: resized and widened.

Convention:
    Masks are bool, ``(H, W)``, True = hole; sizes are ``(height, width)``.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool


def resize_mask(
    mask: Bool[np.ndarray, "H W"], size: tuple[int, int], interpolation: int = cv2.INTER_NEAREST_EXACT
) -> Bool[np.ndarray, "h w"]:
    """Resizes a mask to the nearest pixels; returns the mask itself if it has that size already.

    Args:
        mask: the mask.
        size: height and width of the result.
        interpolation: ``INTER_NEAREST_EXACT`` compares pixel centres; ``INTER_NEAREST`` rounds positions down.
    """
    if mask.shape == size:
        return mask
    return cv2.resize(mask.view(np.uint8), size[::-1], interpolation=interpolation).view(np.bool_)


def widen(mask: Bool[np.ndarray, "H W"], radius_px: int) -> Bool[np.ndarray, "H W"]:
    """Widens the holes of a mask by so many pixels in all directions, and fills what is left of gaps inside them.

    Gaps of which no more is left than a square of twice that width show nothing but the edges of an object, as between
    the spokes of a wheel. Returns the mask itself if there is nothing to widen.
    """
    if radius_px == 0 or not mask.any():
        return mask
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    rows = slice(max(top - radius_px, 0), top + height + radius_px)
    columns = slice(max(left - radius_px, 0), left + width + radius_px)
    is_free = (~mask[rows, columns]).view(np.uint8)
    away = cv2.distanceTransform(is_free, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    widened = np.zeros_like(mask)
    widened[rows, columns] = _without_specks(away <= radius_px, 4 * radius_px**2)
    return widened


def _without_specks(hole: Bool[np.ndarray, "h w"], max_area: int) -> Bool[np.ndarray, "h w"]:
    """A hole with the known parts of up to some area that it surrounds entirely."""
    known = cv2.copyMakeBorder((~hole).view(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(known, connectivity=4)
    is_hole = stats[:, cv2.CC_STAT_AREA] <= max_area
    is_hole[labels[0, 0]] = False
    return hole | is_hole[labels[1:-1, 1:-1]]


def dilate(mask: Bool[np.ndarray, "H W"], filter_size: tuple[int, int], iterations: int) -> Bool[np.ndarray, "H W"]:
    """Widens the holes of a mask with a cross of ``filter_size``, ``iterations`` times.

    Returns the mask itself if there is nothing to widen.
    """
    if iterations == 0 or not mask.any():
        return mask
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, filter_size[::-1])
    return cv2.dilate(mask.view(np.uint8), cross, iterations=iterations).view(np.bool_)
