"""Sampling of arrays in pixels, the coordinates of OpenCV.

Convention:
    A flow is a displacement ``(H, W, 2)`` in px, x first; (0, 0) is the centre of the top-left pixel.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from jaxtyping import Float, Shaped

NO_MAP: Any = None
"""In place of the map of y, where that of x holds both; an empty array would have positions rounded."""
ROW = 512
"""Points in a row when many are sampled: OpenCV takes at most 32767."""


def pixel_positions(height: int, width: int) -> Float[np.ndarray, "H W 2"]:
    """The position (x, y) of every pixel.

    >>> pixel_positions(2, 3)[1, 2].tolist()
    [2.0, 1.0]
    """
    positions = np.empty((height, width, 2), np.float32)
    positions[..., 0], positions[..., 1] = np.arange(width), np.arange(height)[:, None]
    return positions


def warp_by_flow(image: Shaped[np.ndarray, "h w *C"], flow: Float[np.ndarray, "H W 2"]) -> Shaped[np.ndarray, "H W *C"]:
    """Samples an image bilinearly at the position of every pixel plus its flow; 0 outside."""
    positions = pixel_positions(*flow.shape[:2])
    positions += flow
    return cv2.remap(image, positions, NO_MAP, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)


def sample_at(
    image: Shaped[np.ndarray, "h w *C"], points: Float[np.ndarray, "N 2"], interpolation: int = cv2.INTER_LINEAR
) -> Shaped[np.ndarray, "N *C"]:
    """Samples an image at positions (x, y) in px; its border is repeated outwards."""
    count = len(points)
    if not count:
        return np.zeros((0, *image.shape[2:]), image.dtype)
    rows = np.zeros((-(-count // ROW), ROW, 2), np.float32)
    rows.reshape(-1, 2)[:count] = points
    sampled = cv2.remap(image, rows, NO_MAP, interpolation, borderMode=cv2.BORDER_REPLICATE)
    return sampled.reshape(-1, *image.shape[2:])[:count]
