"""Parts of an object that the network does not find, such as ropes: they move with the rest of it, as what is unsure.

What they are shows in the key frames, whose masks are known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float

from master_thesis.masking.finishing import UNSURE
from master_thesis.masking.views import SoftMask

FOUND, NEAR_PX = 0.05, 4
"""What has at least this probability, or lies this near, is removed anyway."""
MIN_LOST = 0.03
"""Share of the object from which on its lost parts are carried; fewer are errors of the outline."""
WIDENING_PX, GROWTH_PX = 2.0, 0.2
"""How far lost parts are widened at their key frame, and more for every frame of distance from it."""


@dataclass(frozen=True)
class LostPart:
    """What is lost of the object in a key frame.

    Attributes:
        key: number of the key frame.
        lost: its pixels; none if they are few.
        centre: x and y of the middle of everything else.
        extent: square root of the area of everything else.
    """

    key: int
    lost: Bool[np.ndarray, "H W"]
    centre: Float[np.ndarray, "2"]
    extent: float

    @classmethod
    def of(cls, key: int, mask: SoftMask, found: SoftMask) -> LostPart:
        """Compares the mask of a key frame with what is found there without knowing it."""
        true = mask > 0.5
        far = cv2.distanceTransform((found <= FOUND).astype(np.uint8), cv2.DIST_L2, 5) > NEAR_PX
        lost = true & far
        lost &= bool(MIN_LOST * true.sum() < lost.sum() < true.sum())
        return cls(key, lost, *_place(true & ~lost))

    def at(self, frame: int, mask: SoftMask) -> Bool[np.ndarray, "H W"]:
        """Where the lost part may be in a frame, by the place and the size of the mask there."""
        centre, extent = _place(mask > 0.5)
        if not self.lost.any() or not extent:
            return np.zeros_like(self.lost)
        scale = extent / self.extent
        move = np.hstack((scale * np.eye(2), (centre - scale * self.centre)[:, None]))
        there = cv2.warpAffine(self.lost.astype(np.float32), move, mask.shape[::-1], flags=cv2.INTER_LINEAR) > 0.3
        far = cv2.distanceTransform((~there).astype(np.uint8), cv2.DIST_L2, 5)
        return far < WIDENING_PX + GROWTH_PX * abs(frame - self.key) if there.any() else there


def with_lost(frame: int, mask: SoftMask, parts: Sequence[LostPart]) -> SoftMask:
    """A mask with the lost part of the nearest key frame as unsure."""
    if not parts:
        return mask
    nearest = min(parts, key=lambda part: abs(part.key - frame))
    return np.maximum(mask, UNSURE * nearest.at(frame, mask).astype(np.float32))


def _place(mask: Bool[np.ndarray, "H W"]) -> tuple[Float[np.ndarray, "2"], float]:
    """The middle of a mask, and the square root of its area."""
    sums = cv2.moments(mask.astype(np.uint8), binaryImage=True)
    area = max(sums["m00"], 1)
    return np.array((sums["m10"], sums["m01"])) / area, float(sums["m00"] ** 0.5)
