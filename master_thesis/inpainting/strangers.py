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
from master_thesis.ops.guided import mean_by_colour
from master_thesis.ops.pixels import sample_at
from master_thesis.ops.position_map import NOWHERE, Places

MAX_CELLS = 1024
"""A hole and its surroundings are judged at so many points at most."""
BLUR_PX = 3
"""Extent over which colours are averaged: an error of the motion by a pixel is no stranger."""
REACH = 0.3
"""How far what surrounds the hole tells of what one frame shows in it, relative to the square root of that area."""
LARGEST_MISFIT = 40.0
"""Mean difference around the hole, in grey levels, of what is not copied."""


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
        own[self.row[chosen], self.column[chosen]] = True
        shift[self.row[chosen], self.column[chosen]] = shifts
        _, labels = cv2.distanceTransformWithLabels(
            (~own).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
        )
        by_label = np.zeros((labels.max() + 1, 2), np.float32)
        by_label[labels[own]] = shift[own]
        return self.points + by_label[labels], own


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
        self._here, self._visible = _seen(t, self._cells.points, grid, views)

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
        nowhere = Places(np.full(len(self.points), NOWHERE, np.int32), self.points)
        places = nowhere.where(strange, candidate.places)
        return replace(candidate, places=places, origin=np.where(is_left, candidate.origin, NOWHERE))

    def find(self, places: Places) -> Bool[np.ndarray, " N"]:
        """Which pixels of the hole should not be copied from their places."""
        cells = self._cells
        misfit = np.zeros(len(self.points), np.float32)
        for k in np.unique(places.source[places.is_known]).tolist():
            chosen = np.flatnonzero(places.source == k)
            moved, own = cells.moved(chosen, places.xy[chosen] - self.points[chosen])
            shown, known = _seen(k, moved, self.grid, self.views)
            seen = self.exposures[k].seen_as(self.exposures[self.t], shown.reshape(-1, 3))
            shown = seen.reshape(shown.shape).astype(np.float32)
            difference, is_around = np.abs(shown - self._here).mean(axis=-1), self._visible & known & ~own
            error = np.zeros(own.shape, np.float32)
            error[own] = mean_by_colour(difference, shown, own, is_around, REACH)
            misfit[chosen] = error[cells.row[chosen], cells.column[chosen]]
        return misfit > LARGEST_MISFIT


def _seen(
    k: int, points: Float[np.ndarray, "h w 2"], grid: Grid, views: Views
) -> tuple[Float[np.ndarray, "h w 3"], Bool[np.ndarray, "h w"]]:
    """Colours of frame k at some points, and whether it shows them."""
    image, away = views.at(k, grid.step)
    moved = grid.reduced(points.reshape(-1, 2))
    inside = ((moved >= 0) & (moved <= np.array(away.shape[::-1]) - 1)).all(axis=-1)
    is_known = inside & (sample_at(away, moved) > BLUR_PX / 2)
    colours = sample_at(cv2.blur(image, (BLUR_PX, BLUR_PX)).astype(np.float32), moved)
    return colours.reshape((*points.shape[:2], 3)), is_known.reshape(points.shape[:2])
