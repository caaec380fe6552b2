"""Detects cuts, where a video jumps to another scene; nothing is copied across them.

A frame starts a scene if both its layout (a grey thumbnail) and its colours (a histogram) differ from those of the
previous frame by far more than neighbouring frames differ nearby, and if there is no flash: the frames before and
after a flash are alike.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, UInt8

THUMBNAIL = (18, 32)
BINS = 8
MIN_CHANGE = 0.4
"""Smallest change at a cut, in [0, 1]; fast camera movement stays below it."""
TIMES_NEARBY = 3.0
"""The change at a cut, in multiples of the median change nearby, is at least this."""
NEARBY = 8
"""Frames on each side that count as nearby."""


class CutDetector:
    """Takes frames one by one; keeps three thumbnails, and two numbers per frame."""

    def __init__(self) -> None:
        self._recent: list[Float[np.ndarray, " n"]] = []
        self._changes: list[float] = []
        self._skip_changes: list[float] = []

    def add(self, frame: UInt8[np.ndarray, "H W 3"]) -> None:
        """Adds the next frame."""
        self._recent = [*self._recent[-2:], describe(frame)]
        self._changes.append(change(self._recent[-2], self._recent[-1]) if len(self._recent) > 1 else 0.0)
        self._skip_changes.append(change(self._recent[-3], self._recent[-1]) if len(self._recent) > 2 else 0.0)

    def cuts(self) -> list[int]:
        """Numbers of the frames that start a new scene."""
        changes = np.array(self._changes)
        return [t for t in range(1, len(changes)) if self._is_cut(t, changes)]

    def _is_cut(self, t: int, changes: Float[np.ndarray, " n"]) -> bool:
        if changes[t] < MIN_CHANGE:
            return False
        nearby = np.concatenate((changes[max(t - NEARBY, 1) : t], changes[t + 1 : t + 1 + NEARBY]))
        if nearby.size and changes[t] < TIMES_NEARBY * np.median(nearby):
            return False
        # In a flash, or right after one, the frames on both sides of frame t or of frame t - 1 are alike.
        around_this = self._skip_changes[t + 1] if t + 1 < len(changes) else 1.0
        around_previous = self._skip_changes[t] if t > 1 else 1.0
        return min(around_this, around_previous) >= MIN_CHANGE


def describe(frame: UInt8[np.ndarray, "H W 3"]) -> Float[np.ndarray, " n"]:
    """Describes a frame by its layout (a grey thumbnail) and its colours (a histogram), both in [0, 1]."""
    small = cv2.resize(frame, THUMBNAIL[::-1], interpolation=cv2.INTER_AREA)
    layout = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float64).ravel() / 255
    histogram = cv2.calcHist([small], [0, 1, 2], None, [BINS] * 3, [0, 256] * 3).ravel().astype(np.float64)
    return np.concatenate((layout, histogram / histogram.sum()))


def change(before: Float[np.ndarray, " n"], after: Float[np.ndarray, " n"]) -> float:
    """How much two described frames differ, in [0, 1]: the geometric mean over layout and colours."""
    pixels = THUMBNAIL[0] * THUMBNAIL[1]
    layout = 1 - _correlation(before[:pixels], after[:pixels])
    colours = np.abs(before[pixels:] - after[pixels:]).sum() / 2
    return float(np.sqrt(min(layout, 1.0) * colours))


def _correlation(a: Float[np.ndarray, " n"], b: Float[np.ndarray, " n"]) -> float:
    """Correlation of two layouts, in [0, 1]; flat ones are compared by brightness."""
    a_spread, b_spread = a.std(), b.std()
    if min(a_spread, b_spread) < 1e-3:
        return 1 - float(abs(a.mean() - b.mean()))
    return max(float(((a - a.mean()) * (b - b.mean())).mean() / (a_spread * b_spread)), 0.0)
