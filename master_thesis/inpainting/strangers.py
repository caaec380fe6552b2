"""Finds what other frames show in a hole although it is not there now: somebody who passes before or after.

Who stands behind a small hole in another frame is seen around it, too, in the same colours, while the frame that is
filled shows something else in these places. So what a frame shows in the hole counts as far as what looks like it
around the hole is the same in both.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, sqrt
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int

from master_thesis.inpainting.candidates import Candidate
from master_thesis.inpainting.comparison import Grid, Views
from master_thesis.models.classical.exposure import Exposure
from master_thesis.ops.guided import spread_by_colour
from master_thesis.ops.pixels import is_inside, nearest_in, put_rows, sample_at
from master_thesis.ops.position_map import Places, by_frame

MAX_CELLS = 1024
"""A hole and its surroundings are judged at so many points at most."""
BLUR_PX = 3
"""Extent over which colours are averaged: an error of the motion by a pixel is no stranger."""
SLACK_PX = 1
"""Distance at which the frame that is filled may show a colour: where there is texture, motions err by more."""
REACH = 0.3
"""How far what surrounds the hole tells of what one frame shows in it, relative to the square root of that area."""
SMALLEST_DIFFERENCE = 12.0
"""Mean difference from the colours nearby, in grey levels, from which a frame shows something else at a point."""
LARGEST_SHARE = 0.3
"""Share of what looks like it around the hole that may be something else before a pixel is not copied."""


class Cells(NamedTuple):
    """Points of a grid, at which sources are judged.

    Attributes:
        points: their positions, in px of the frame.
        nearest: the number of the cell, row by row, that is nearest to each pixel of the hole.
    """

    points: Float[np.ndarray, "h w 2"]
    nearest: Int[np.ndarray, " N"]

    @staticmethod
    def of(grid: Grid, pixels: Float[np.ndarray, "N 2"]) -> Cells:
        """Spreads them over a grid."""
        side = ceil(sqrt(grid.points[..., 0].size / MAX_CELLS))
        points = grid.points[side // 2 :: side, side // 2 :: side]
        x, y = ((pixels - points[0, 0]) / (side * grid.step)).round().astype(int).T
        height, width = points.shape[:2]
        return Cells(points, y.clip(0, height - 1) * width + x.clip(0, width - 1))

    def moved(
        self, chosen: Int[np.ndarray, " M"], pixels: Float[np.ndarray, "N 2"], xy: Float[np.ndarray, "N 2"]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Where the points lie in another frame if each moves with the nearest pixel that is copied from there.

        Args:
            chosen: numbers of these pixels.
            pixels: of the hole.
            xy: where each of them lies in the other frame.

        Returns:
            The positions, and which of the points are nearest to any of these pixels themselves.
        """
        last = np.full(self.points.shape[:2], -1)
        last.ravel()[self.nearest.take(chosen)] = chosen
        own = last >= 0
        movers = last[own]
        shifts = xy.take(movers, axis=0) - pixels.take(movers, axis=0)
        return self.points + shifts.take(nearest_in(own), axis=0), own


class StrangerFinder:
    """Finds strangers in what other frames show in the hole of one frame.

    Args:
        t: number of the frame.
        points: pixels of its hole.
        grid: around the hole.
        views: of all frames.
        exposures: of all frames.
    """

    def __init__(
        self, t: int, points: Float[np.ndarray, "N 2"], grid: Grid, views: Views, exposures: Sequence[Exposure]
    ) -> None:
        self.t, self.points, self.grid, self.views, self.exposures = t, points, grid, views, exposures
        self._cells = Cells.of(grid, points)
        at = grid.reduced(self._cells.points.reshape(-1, 2))
        self._low, self._high = _range_at(t, at, grid, views)
        is_seen = _is_seen(t, at, grid, views, BLUR_PX / 2 + SLACK_PX)
        self._visible = is_seen.reshape(self._cells.points.shape[:2])

    def without_strangers(self, candidate: Candidate) -> Candidate:
        """A candidate without what is not there in the frame."""
        return candidate.leaving_out(self.find(candidate.places), self.views.wide[self.t], self.grid)

    def find(self, places: Places, colours: Float[np.ndarray, "N 3"] | None = None) -> Bool[np.ndarray, " N"]:
        """Which pixels of the hole should not be copied from their places.

        Args:
            places: in other frames.
            colours: there, in the exposure of the frame; None: those that these frames show.
        """
        result = np.zeros(len(self.points), bool)
        for k, chosen in by_frame(places.source):
            strange = self._strange_cells(k, chosen, places.xy, colours)
            if strange is not None:
                result[chosen] = strange.ravel().take(self._cells.nearest.take(chosen))
        return result

    def _strange_cells(
        self, k: int, chosen: Int[np.ndarray, " M"], xy: Float[np.ndarray, "N 2"], colours: np.ndarray | None
    ) -> Bool[np.ndarray, "h w"] | None:
        """In which cells some pixels should not be copied from frame k; None: nowhere."""
        moved, own = self._cells.moved(chosen, self.points, xy)
        at = self.grid.reduced(moved.reshape(-1, 2))
        is_around = self._visible & _is_seen(k, at, self.grid, self.views, BLUR_PX / 2).reshape(own.shape) & ~own
        if not is_around.any():
            return None
        shown = self.exposures[k].seen_as(self.exposures[self.t], _colours_at(k, at, self.grid, self.views))
        shown = shown.astype(np.float32)
        if colours is not None:
            put_rows(shown, self._cells.nearest.take(chosen), colours.take(chosen, axis=0))
        beyond = np.maximum(self._low - shown, shown - self._high).clip(0)
        is_else = ((beyond[:, 0] + beyond[:, 1] + beyond[:, 2]) / 3 > SMALLEST_DIFFERENCE).reshape(own.shape)
        if not (is_else & is_around).any():
            return None
        result = np.zeros(own.shape, bool)
        shown = shown.reshape(*own.shape, 3)
        result[own] = spread_by_colour(is_else.astype(np.float32), shown, own, is_around, REACH) > LARGEST_SHARE
        return result


def _colours_at(k: int, at: Float[np.ndarray, "N 2"], grid: Grid, views: Views) -> Float[np.ndarray, "N 3"]:
    """Colours of frame k, reduced, at some points of it."""
    smooth = cv2.blur(views.at(k, grid.step)[0], (BLUR_PX, BLUR_PX)).astype(np.float32)
    return sample_at(smooth, at)


def _is_seen(k: int, at: Float[np.ndarray, "N 2"], grid: Grid, views: Views, margin: float) -> Bool[np.ndarray, " N"]:
    """Whether frame k, reduced, shows some points, at more than a margin from its hole."""
    away = views.at(k, grid.step)[1]
    return is_inside(at, away.shape) & (sample_at(away, at) > margin)


def _range_at(
    k: int, at: Float[np.ndarray, "N 2"], grid: Grid, views: Views
) -> tuple[Float[np.ndarray, "N 3"], Float[np.ndarray, "N 3"]]:
    """The least and the largest colours of frame k, reduced, near some points of it."""
    smooth = cv2.blur(views.at(k, grid.step)[0], (BLUR_PX, BLUR_PX)).astype(np.float32)
    kernel = np.ones((2 * SLACK_PX + 1,) * 2, np.uint8)
    low, high = (sample_at(each(smooth, kernel), at) for each in (cv2.erode, cv2.dilate))
    return low, high
