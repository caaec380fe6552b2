"""How far to trust carried masks: an estimate of their overlap with the true ones."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from master_thesis.masking.carrying import Carried
from master_thesis.masking.views import SoftMask

DOUBTFUL_BELOW = 0.7
"""Frames with less confidence are doubtful."""
OUTLINE, MOST = 0.1, 0.99
"""What of the key frame's mask does not return because of its outline alone; no more returns."""
RETURNED, MUCH = 0.5, 4
"""Where less of the mask of the key frame returns, something else may have been followed, unless the object has become
so many times larger: then the key frame is too different to be found again."""
LARGE = 0.05
"""Share of the key frame's mask from which on a part is one of the object's own."""
KEPT, FADING = 0.8, 0.95
"""Share of the frames before in running means, since one frame alone says little; what is left of a doubt one frame
later, since mistakes stay."""


@dataclass(frozen=True)
class Weights:
    """How much signs of mistakes lower the confidence; the first three were fitted to sequences of DAVIS.

    Attributes:
        parts: logarithm of the number of its parts, at its worst: where it leaks, it falls to pieces.
        grown: logarithm of how many times larger than the mask of the key frame it was.
        shrunk: logarithm of how many times smaller it is.
        lost: what is missing to ``RETURNED`` when it is carried back.
    """

    parts: float = 0.16
    grown: float = 0.05
    shrunk: float = 0.25
    lost: float = 1.0


class Judge:
    """Rates the masks that are carried along a route, in its order.

    Args:
        key: mask of the key frame that the route starts from.
    """

    def __init__(self, key: SoftMask, weights: Weights = Weights()) -> None:
        self.weights = weights
        self._area = max(int((key > 0.5).sum()), 1)
        self._own = np.log(max(_num_parts(key, LARGE * self._area), 1))
        self._mean: float | None = None
        self._parts = self._grown = self._best = 0.0

    def rate(self, carried: Carried) -> float:
        """The confidence in the next mask, in [0, 1]."""
        w, size = self.weights, max(int((carried.mask > 0.5).sum()), 1) / self._area
        parts = max(float(np.log(max(_num_parts(carried.mask), 1)) - self._own), 0.0)
        self._mean = parts if self._mean is None else KEPT * self._mean + (1 - KEPT) * parts
        self._parts = max(self._mean, FADING * self._parts)
        self._grown = max(self._grown, float(np.log(size)))
        self._best = max(self._best, carried.returned)
        doubts = w.parts * self._parts + w.grown * self._grown + w.shrunk * max(-float(np.log(size)), 0)
        doubts += w.lost * max(RETURNED - carried.returned, 0) if size < MUCH else 0.0
        return float(np.clip(_held(self._best, size) * (1 - doubts), 0, 1))


def _held(returned: float, size: float) -> float:
    """The overlap with the true mask if what the network does not hold of the object, such as ropes, keeps its size.

    Args:
        returned: overlap with the mask of the key frame.
        size: how many times larger the mask has become.
    """
    held = min(returned + OUTLINE, MOST)
    left = held * min(size, 1)
    return left / (left + 1 - held)


def _num_parts(mask: SoftMask, least: float = 1.0) -> int:
    """The number of parts of a mask that have at least so many pixels."""
    areas = cv2.connectedComponentsWithStats((mask > 0.5).astype(np.uint8))[2][1:, cv2.CC_STAT_AREA]
    return int((areas >= least).sum())
