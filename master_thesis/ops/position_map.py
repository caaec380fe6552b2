"""Where each pixel of a frame is copied from: positions are carried from frame to frame instead of colours.

A colour that is copied five times is interpolated five times; a position stays sharp, and the frame that it points
into is sampled once, at the end.

Convention:
    Positions are (x, y) in pixels of the frame they point into, (0, 0) being the centre of the top-left one. ``source``
    is the number of that frame, or ``NOWHERE``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int32

from master_thesis.ops.pixels import pixel_positions

NOWHERE = -1
"""In place of a frame's number: nothing is known of this pixel."""

CORNERS = ((0, 0), (1, 0), (0, 1), (1, 1))


@dataclass(frozen=True)
class Places:
    """Where N pixels are copied from.

    Attributes:
        source: number of the frame, or ``NOWHERE``.
        xy: position in it.
    """

    source: Int32[np.ndarray, " N"]
    xy: Float[np.ndarray, "N 2"]

    @property
    def is_known(self) -> Bool[np.ndarray, " N"]:
        """Whether there is such a frame."""
        return self.source != NOWHERE

    def where(self, chosen: Bool[np.ndarray, " N"], other: Places) -> Places:
        """These places where chosen, others elsewhere."""
        return Places(np.where(chosen, self.source, other.source), np.where(chosen[:, None], self.xy, other.xy))


@dataclass(frozen=True)
class PositionMap:
    """The same for all pixels of a frame: known ones lie in the frame itself.

    Attributes:
        source: number of the frame that each pixel is copied from, or ``NOWHERE``.
        xy: position in it.
    """

    source: Int32[np.ndarray, "H W"]
    xy: Float[np.ndarray, "H W 2"]

    @staticmethod
    def of(number: int, hole: Bool[np.ndarray, "H W"], places: Places | None = None) -> PositionMap:
        """The map of a frame.

        Args:
            number: of the frame.
            hole: its pixels that are not known.
            places: of these, row by row; None: nothing is known of them.
        """
        source, xy = np.full(hole.shape, number, np.int32), pixel_positions(*hole.shape)
        source[hole] = NOWHERE if places is None else places.source
        if places is not None:
            xy[hole] = places.xy
        return PositionMap(source, xy)

    def at(self, points: Float[np.ndarray, "N 2"]) -> Places:
        """Reads the map between its pixels: the nearest frame number, and positions of neighbours that share it.

        Every neighbour predicts the position from its own and the way to the point, so that the result is exact where
        the frames move against each other, whichever of the neighbours take part. ``NOWHERE`` outside.
        """
        height, width = self.source.shape
        x, y = np.nan_to_num(points, nan=-9.0).clip(-9, 1e6).T
        left, top = np.floor(x).astype(int), np.floor(y).astype(int)
        nearest = np.rint(x).astype(int).clip(0, width - 1), np.rint(y).astype(int).clip(0, height - 1)
        source = self.source[nearest[1], nearest[0]]
        source = np.where((x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1), source, NOWHERE)
        total, weights = np.zeros((len(x), 2)), np.zeros(len(x))
        for right, down in CORNERS:
            column, row = (left + right).clip(0, width - 1), (top + down).clip(0, height - 1)
            away_x, away_y = x - column, y - row
            weight = (1 - np.abs(away_x)).clip(0) * (1 - np.abs(away_y)).clip(0)
            weight *= self.source[row, column] == source
            total += weight[:, None] * (self.xy[row, column] + np.stack((away_x, away_y), axis=-1))
            weights += weight
        xy = total / np.maximum(weights, 1e-9)[:, None]
        return Places(np.where(weights > 0, source, NOWHERE).astype(np.int32), xy.astype(np.float32))
