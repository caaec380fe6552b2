"""How far to trust carried masks: an estimate of their overlap with the true ones."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from master_thesis.masking.carrying import Carried
from master_thesis.masking.views import SoftMask

DOUBTFUL_BELOW = 0.7
"""Frames with less confidence are doubtful."""
FIRM = (0.2, 0.8)
"""A mask that is sure of itself is about the same at both thresholds."""
RETURNED = 0.5
"""Where less of the mask of the key frame returns, something else may have been followed."""
HELD = 0.8
"""If less of the key frame's mask returned even at best, the network does not hold its shape, such as thin ropes."""
KEPT = 0.8
"""Share of the frames before in running means: a mistake stays, and one frame alone says little."""


@dataclass(frozen=True)
class Weights:
    """How much signs of mistakes lower the confidence; the first four were fitted to sequences of DAVIS.

    Attributes:
        unsure: what a mask loses between the thresholds of ``FIRM``, as a share of it.
        parts: logarithm of the number of its parts: where it leaks, it falls to pieces.
        shrunk: logarithm of how many times smaller it is than the mask of the key frame.
        grown: logarithm of how many times larger it is.
        lost: what is missing to ``RETURNED`` when it is carried back.
        held: what was missing to ``HELD`` at best; not fitted: beside a key frame, this is the overlap itself.
    """

    unsure: float = 0.68
    parts: float = 0.13
    shrunk: float = 0.35
    grown: float = 0.05
    lost: float = 1.0
    held: float = 1.0


class Judge:
    """Rates the masks that are carried along a route, in its order.

    Args:
        key: mask of the key frame that the route starts from.
    """

    def __init__(self, key: SoftMask, weights: Weights = Weights()) -> None:
        self.weights = weights
        self._area = max(int((key > 0.5).sum()), 1)
        self._means: np.ndarray | None = None
        self._best = 0.0

    def rate(self, carried: Carried) -> float:
        """The confidence in the next mask, in [0, 1]."""
        now, w = np.array(_looks(carried.mask)), self.weights
        self._means = now if self._means is None else KEPT * self._means + (1 - KEPT) * now
        change = np.log(max(int((carried.mask > 0.5).sum()), 1) / self._area)
        doubts = w.unsure * self._means[0] + w.parts * self._means[1]
        doubts += w.shrunk * max(-change, 0) + w.grown * max(change, 0)
        self._best = max(self._best, carried.returned)
        doubts += w.lost * max(RETURNED - carried.returned, 0) + w.held * max(HELD - self._best, 0)
        return float(np.clip(1 - doubts, 0, 1))


def _looks(mask: SoftMask) -> tuple[float, float]:
    """What a mask loses between two thresholds, and the logarithm of the number of its parts."""
    some, firm = ((mask > threshold).sum() for threshold in FIRM)
    num_parts = cv2.connectedComponents((mask > 0.5).astype(np.uint8))[0] - 1
    return float(1 - firm / max(some, 1)) if some else 0.0, float(np.log(max(num_parts, 1)))
