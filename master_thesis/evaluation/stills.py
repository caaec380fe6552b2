"""Draws the free-form blobs of ``still`` masks."""

from __future__ import annotations

import zlib

import cv2
import numpy as np
from jaxtyping import Bool

AREA = 0.10
"""Share of the frame that a blob covers before it is widened."""
ROUGHNESS = 0.35
"""Strength of the noise that bends the outline, relative to the radius of the blob."""
GRAIN = 0.08
"""Size of the bends, as a share of the frame's diagonal."""
MAX_ISLANDS = 0.04
"""Largest share of the area that islands may have; they are dropped."""


def blob(height: int, width: int, seed: int, name: str) -> Bool[np.ndarray, "H W"]:
    """Draws a connected free-form region of about a tenth of the frame.

    Args:
        height: rows, in px.
        width: columns, in px.
        seed: seed of all blobs.
        name: name of the sequence; every sequence has a blob of its own.
    """
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    while True:  # draw again if the islands are too large
        surface = _random_surface(rng, height, width)
        low = (surface <= np.quantile(surface, AREA)).astype(np.uint8)
        _, labels, stats, _ = cv2.connectedComponentsWithStats(low)
        largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
        if stats[largest, cv2.CC_STAT_AREA] >= (1 - MAX_ISLANDS) * low.sum():
            return labels == largest


def _random_surface(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Draws a cone around a point near the centre, bent by smooth noise."""
    centre_y, centre_x = rng.uniform(0.35, 0.65, 2)
    stretch = rng.uniform(0.7, 1.4)
    grain_px = max(GRAIN * float(np.hypot(height, width)) / 2, 0.5)
    noise = cv2.GaussianBlur(rng.standard_normal((height, width)).astype(np.float32), (0, 0), grain_px)
    y, x = np.mgrid[:height, :width]
    distance = np.hypot((y - centre_y * height) * stretch, (x - centre_x * width) / stretch)
    radius = np.sqrt(AREA * height * width / np.pi)
    return distance / radius + ROUGHNESS * noise / (noise.std() + 1e-9)
