"""What holes are copied from: a place in another frame for each of their pixels, and for those of a margin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from master_thesis.inpainting.motions import Hole
from master_thesis.ops.mask import PackedMask, widened_square
from master_thesis.ops.position_map import Places
from master_thesis.runtime.recent import RecentArrays

UNPACKED_BYTES = 16 * 2**20
"""Wide holes that were asked for last are kept unpacked up to this size."""
MARGIN_PX = 2
"""Pixels this close to a hole are not copied from: sampling them would reach into it."""


@dataclass(frozen=True)
class Chosen:
    """Where a frame copies its hole from.

    Attributes:
        wide: the pixels that need a source: the hole and its margin.
        places: of these, row by row.
        colours: the mean of several sources, in the exposure of the frame; NaN: read from the place alone.
        is_refused: whether other frames show them, but something that is not there in this one.
    """

    wide: Hole
    places: Places
    colours: Float[np.ndarray, "N 3"]
    is_refused: Bool[np.ndarray, " N"]


class WideHoles(Sequence[Hole]):
    """The pixels of each frame that are not copied: its hole and the margin; widened once.

    Args:
        holes: of all frames.
    """

    def __init__(self, holes: Sequence[Hole]) -> None:
        self.holes = holes
        self._packed: dict[int, PackedMask] = {}
        self._recent = RecentArrays(self._unpacked, UNPACKED_BYTES)

    def __len__(self) -> int:
        return len(self.holes)

    def __getitem__(self, k: int) -> Hole:  # type: ignore[override]
        return self._recent[k]

    def _unpacked(self, k: int) -> Hole:
        if k not in self._packed:
            self._packed[k] = PackedMask.of(too_close(self.holes[k]))
        return self._packed[k].mask


def too_close(hole: Hole) -> Hole:
    """A hole and the pixels too close to it to be copied from."""
    return widened_square(hole, MARGIN_PX) if hole.any() else hole


def points_of(hole: Hole) -> Float[np.ndarray, "N 2"]:
    """The positions of its pixels, row by row."""
    index, points = np.flatnonzero(hole), np.empty((np.count_nonzero(hole), 2), np.float32)
    points[:, 1], points[:, 0] = np.divmod(index, hole.shape[1])
    return points
