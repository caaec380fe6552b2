"""Free-form blobs that do not move: the masks called ``still``."""

from __future__ import annotations

import zlib

import cv2
import numpy as np
from jaxtyping import Bool

AREA = 0.10
"""Share of the frame that a blob covers, before it is widened."""
ROUGHNESS = 0.35
"""How much noise bends the outline, against the distance from the blob's centre."""
GRAIN = 0.08
"""Size of the bends, as a share of the frame's diagonal."""


def blob(height: int, width: int, seed: int, name: str) -> Bool[np.ndarray, "H W"]:
    """A connected free-form region of about a tenth of the frame, the same for the same seed and name.

    Args:
        height: rows in px.
        width: columns in px.
        seed: chooses the set of blobs.
        name: the sequence; each has a blob of its own.
    """
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    centre_y, centre_x = rng.uniform(0.35, 0.65, 2)
    stretch = rng.uniform(0.7, 1.4)
    grain_px = max(GRAIN * float(np.hypot(height, width)) / 2, 0.5)
    noise = cv2.GaussianBlur(rng.standard_normal((height, width)).astype(np.float32), (0, 0), grain_px)

    y, x = np.mgrid[:height, :width]
    distance = np.hypot((y / height - centre_y) * height * stretch, (x / width - centre_x) * width / stretch)
    radius = np.sqrt(AREA * height * width / np.pi)
    return _largest_level_set(distance / radius + ROUGHNESS * noise / (noise.std() + 1e-9), AREA)


def _largest_level_set(surface: np.ndarray, area: float) -> Bool[np.ndarray, "H W"]:
    """The lowest connected part of a surface that covers the given share of it."""
    wanted, share = area * surface.size, area
    for _ in range(8):  # islands are dropped, so the level rises until the main part alone is large enough
        low = (surface <= np.quantile(surface, min(share, 1.0))).astype(np.uint8)
        _, labels, stats, _ = cv2.connectedComponentsWithStats(low)
        largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
        found = stats[largest, cv2.CC_STAT_AREA]
        if found >= 0.98 * wanted:
            break
        share *= wanted / found
    return labels == largest
