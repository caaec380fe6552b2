"""Finds what other frames show in a hole although it is not there now: somebody who passes before or after.

Who stands behind a small hole in another frame is seen around it, too, in the same colours, while the frame that is
filled shows something else in these places. So what a frame shows in the hole counts as far as what looks like it
around the hole is the same in both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import ceil, sqrt
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int

from master_thesis.inpainting.candidates import Candidate, Grid, Views
from master_thesis.models.classical.exposure import Exposure
from master_thesis.ops.guided import spread_by_colour
from master_thesis.ops.pixels import nearest_in, pixels_in, put_rows, sample_at
from master_thesis.ops.position_map import NOWHERE, Places, frames_in

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
        row: that is nearest to each pixel of the hole.
        column: the same.
    """

    points: Float[np.ndarray, "h w 2"]
    row: Int[np.ndarray, " N"]
    column: Int[np.ndarray, " N"]

    @staticmethod
    def of(grid: Grid, pixels: Float[np.ndarray, "N 2"]) -> Cells:
        """Spreads them over a grid."""
        side = ceil(sqrt(grid.points[..., 0].size / MAX_CELLS))
        points = grid.points[side // 2 :: side, side // 2 :: side]
        x, y = ((pixels - points[0, 0]) / (side * grid.step)).round().astype(int).T
        return Cells(points, y.clip(0, points.shape[0] - 1), x.clip(0, points.shape[1] - 1))

    def moved(self, chosen: Int[np.ndarray, " M"], shifts: Float[np.ndarray, "M 2"]) -> tuple[np.ndarray, np.ndarray]:
        """Where they lie if each moves with the nearest of some pixels, and which are nearest to these."""
        own, shift = np.zeros(self.points.shape[:2], bool), np.zeros(self.points.shape, np.float32)
        index = self.row.take(chosen) * self.points.shape[1] + self.column.take(chosen)
        own.ravel()[index] = True
        put_rows(shift.reshape(-1, 2), index, shifts)
        return self.points + pixels_in(shift, own).take(nearest_in(own), axis=0), own


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
        self._low, self._high = _range_at(t, self._cells.points, grid, views)
        self._visible = _is_seen(t, self._cells.points, grid, views, BLUR_PX / 2 + SLACK_PX)

    def without_strangers(self, candidate: Candidate) -> Candidate:
        """A candidate without what is not there in the frame."""
        strange = self.find(candidate.places)
        if not strange.any():
            return candidate
        hole = self.views.wide[self.t]
        plane = np.zeros(hole.shape, bool)
        plane[hole] = strange
        x, y = np.moveaxis(np.rint(self.grid.points).astype(int), -1, 0)
        is_left = ~plane[y.clip(0, hole.shape[0] - 1), x.clip(0, hole.shape[1] - 1)]
        places = Places.nowhere(self.points).where(strange, candidate.places)
        return replace(candidate, places=places, origin=np.where(is_left, candidate.origin, NOWHERE))

    def find(self, places: Places, colours: Float[np.ndarray, "N 3"] | None = None) -> Bool[np.ndarray, " N"]:
        """Which pixels of the hole should not be copied from their places.

        Args:
            places: in other frames.
            colours: there, in the exposure of the frame; None: those that these frames show.
        """
        cells = self._cells
        shares = np.zeros(len(self.points), np.float32)
        for k in frames_in(places.source):
            chosen = np.flatnonzero(places.source == k)
            moved, own = cells.moved(chosen, places.xy.take(chosen, axis=0) - self.points.take(chosen, axis=0))
            is_around = self._visible & _is_seen(k, moved, self.grid, self.views, BLUR_PX / 2) & ~own
            if not is_around.any():
                continue
            shown = _colours_at(k, moved, self.grid, self.views)
            seen = self.exposures[k].seen_as(self.exposures[self.t], shown.reshape(-1, 3))
            shown = seen.reshape(shown.shape).astype(np.float32)
            if colours is not None:
                shown[cells.row[chosen], cells.column[chosen]] = colours[chosen]
            beyond = np.maximum(self._low - shown, shown - self._high).clip(0)
            is_else = (beyond[..., 0] + beyond[..., 1] + beyond[..., 2]) / 3 > SMALLEST_DIFFERENCE
            if not (is_else & is_around).any():
                continue
            share = np.zeros(own.shape, np.float32)
            share[own] = spread_by_colour(is_else.astype(np.float32), shown, own, is_around, REACH)
            shares[chosen] = share[cells.row[chosen], cells.column[chosen]]
        return shares > LARGEST_SHARE


def _colours_at(k: int, points: Float[np.ndarray, "h w 2"], grid: Grid, views: Views) -> Float[np.ndarray, "h w 3"]:
    """Colours of frame k at some points."""
    smooth = cv2.blur(views.at(k, grid.step)[0], (BLUR_PX, BLUR_PX)).astype(np.float32)
    return sample_at(smooth, grid.reduced(points.reshape(-1, 2))).reshape((*points.shape[:2], 3))


def _is_seen(
    k: int, points: Float[np.ndarray, "h w 2"], grid: Grid, views: Views, margin: float
) -> Bool[np.ndarray, "h w"]:
    """Whether frame k shows some points, at more than a margin from its hole."""
    away, moved = views.at(k, grid.step)[1], grid.reduced(points.reshape(-1, 2))
    (x, y), (height, width) = moved.T, away.shape
    inside = (x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1)
    return (inside & (sample_at(away, moved) > margin)).reshape(points.shape[:2])


def _range_at(
    k: int, points: Float[np.ndarray, "h w 2"], grid: Grid, views: Views
) -> tuple[Float[np.ndarray, "h w 3"], Float[np.ndarray, "h w 3"]]:
    """The least and the largest colours of frame k near some points."""
    smooth = cv2.blur(views.at(k, grid.step)[0], (BLUR_PX, BLUR_PX)).astype(np.float32)
    moved, kernel = grid.reduced(points.reshape(-1, 2)), np.ones((2 * SLACK_PX + 1,) * 2, np.uint8)
    low, high = (sample_at(each(smooth, kernel), moved) for each in (cv2.erode, cv2.dilate))
    return low.reshape((*points.shape[:2], 3)), high.reshape((*points.shape[:2], 3))
