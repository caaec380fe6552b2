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


def without_strangers(
    t: int,
    points: Float[np.ndarray, "N 2"],
    candidate: Candidate,
    grid: Grid,
    views: Views,
    exposures: Sequence[Exposure],
) -> Candidate:
    """A candidate for the hole of frame t, without what is not there in it; see :func:`find_strangers`."""
    strange = find_strangers(t, candidate.places, points, grid, views, exposures)
    if not strange.any():
        return candidate
    hole = views.wide[t]
    plane = np.zeros(hole.shape, bool)
    plane[hole] = strange
    x, y = np.moveaxis(np.rint(grid.points).astype(int), -1, 0)
    is_left = ~plane[y.clip(0, hole.shape[0] - 1), x.clip(0, hole.shape[1] - 1)]
    nowhere = Places(np.full(len(points), NOWHERE, np.int32), points)
    places = nowhere.where(strange, candidate.places)
    return replace(candidate, places=places, origin=np.where(is_left, candidate.origin, NOWHERE))


def find_strangers(
    t: int, places: Places, points: Float[np.ndarray, "N 2"], grid: Grid, views: Views, exposures: Sequence[Exposure]
) -> Bool[np.ndarray, " N"]:
    """Which pixels of the hole of frame t should not be copied from their places.

    Args:
        t: number of the frame.
        places: of the pixels.
        points: these pixels.
        grid: around the hole.
        views: of all frames.
        exposures: of all frames.
    """
    cells = Cells.of(grid, points)
    here, visible = _seen(t, cells.points, grid, views)
    misfit = np.zeros(len(points), np.float32)
    for k in np.unique(places.source[places.is_known]).tolist():
        chosen = np.flatnonzero(places.source == k)
        moved, own = cells.moved(chosen, places.xy[chosen] - points[chosen])
        shown, known = _seen(k, moved, grid, views)
        seen = exposures[k].seen_as(exposures[t], shown.reshape(-1, 3))
        shown = seen.reshape(shown.shape).astype(np.float32)
        error = np.zeros(own.shape, np.float32)
        error[own] = mean_by_colour(np.abs(shown - here).mean(axis=-1), shown, own, visible & known & ~own, REACH)
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
