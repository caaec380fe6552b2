"""What other frames may show in a hole: positions in them, and a reduced picture of each for comparison."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from master_thesis.inpainting.comparison import Grid, Views, visible_around
from master_thesis.inpainting.motions import Hole, Motions
from master_thesis.inpainting.planes import (
    LEAST_REFINED,
    Motion,
    find_corners,
    fit_planes,
    follow_corners,
    refine_corners,
)
from master_thesis.inpainting.witnesses import Witnesses
from master_thesis.models.classical.homography import through
from master_thesis.ops.pixels import as_bytes, is_inside, is_shown, nearest_in, put_rows, sample_at
from master_thesis.ops.position_map import NOWHERE, Places, by_frame

MAX_CANDIDATES = 18
"""Along planes; the memory that the comparison takes grows with their square."""
WITNESS_STEP = 4
"""Every so many pixels of a hole, it is counted how many frames show one."""
FRINGE_PX = 6.0
"""Distance from the hole of another frame, at that size, up to which its object may still show."""


@dataclass(frozen=True)
class Candidate:
    """Positions from which the pixels of a hole may be copied.

    Attributes:
        places: of the pixels of the hole, in order.
        origin: the frame that each pixel of the grid shows, or ``NOWHERE``.
        colours: of the grid, as their own frames show them; anything where none does.
        safety: of the grid, in [0, 1]: low where the hidden object of the other frame may show.
        is_followed: whether it was followed from neighbour to neighbour.
    """

    places: Places
    origin: Int[np.ndarray, "h w"]
    colours: UInt8[np.ndarray, "h w 3"]
    safety: Float[np.ndarray, "h w"]
    is_followed: bool

    def leaving_out(self, unwanted: Bool[np.ndarray, " N"], hole: Hole, grid: Grid) -> Candidate:
        """The same without some pixels of the hole."""
        if not (unwanted & self.places.is_known).any():
            return self
        plane = np.zeros(hole.shape, bool)
        plane[hole] = unwanted
        places = Places.nowhere(self.places.xy).where(unwanted, self.places)
        return replace(self, places=places, origin=np.where(grid.nearest(plane), NOWHERE, self.origin))


def plane_candidates(
    t: int, grid: Grid, points: Float[np.ndarray, "N 2"], views: Views, motions: Motions, followed: Sequence[Candidate]
) -> list[Candidate]:
    """Candidates along the planes of the scene, from near frames to far ones, until enough show each pixel.

    They count only where pixels were followed: elsewhere a plane may not extend that far.
    """
    found = list[Candidate]()
    counts = visible_around(views.wide[t], grid) | np.any([each.origin != NOWHERE for each in followed], axis=0)
    reached = np.any([candidate.places.is_known for candidate in followed], axis=0)
    witnesses = Witnesses.of(reached[::WITNESS_STEP])
    for steps in _plane_motions(t, views, motions):
        for k, number, motion in steps:
            moved = through(motion, points)
            is_known = reached & is_shown(moved, views.wide[k], margin=0.0)
            some, is_there = moved[::WITNESS_STEP], is_known[::WITNESS_STEP]
            if witnesses.add(number, is_there, is_there & (_away(k, some, grid, views) >= FRINGE_PX)):
                places = Places(np.where(is_known, k, NOWHERE).astype(np.int32), moved)
                found.append(_along(motion, k, places, grid, views, counts))
        if witnesses.are_enough or len(found) >= MAX_CANDIDATES:
            break
    return found[:MAX_CANDIDATES]


def _plane_motions(t: int, views: Views, motions: Motions) -> Iterator[list[tuple[int, int, Motion]]]:
    """Yields, from near to far, frames with the number and the motion of each plane that frame t shares with them."""
    size = views.wide[t].shape[0], views.wide[t].shape[1]
    corners, exposures = find_corners(as_bytes(views.frames[t]), views.wide[t]), motions.exposures
    for sides in follow_corners(corners, t, views.wide, motions):
        planes = {}
        for k, pairs in sides.items():
            if abs(k - t) >= LEAST_REFINED:
                one, other = (views.grey(each, exposures[each], exposures[t]) for each in (t, k))
                pairs = refine_corners(pairs, one, other, size)
            planes[k] = fit_planes(pairs[0], pairs[1], size)
        yield [(k, number, motion) for k in planes for number, motion in enumerate(planes[k])]


def _away(k: int, points: Float[np.ndarray, "N 2"], grid: Grid, views: Views) -> Float[np.ndarray, " N"]:
    """How far points of frame k lie from its hole, in pixels of the reduced frame."""
    return sample_at(views.at(k, grid.step)[1], grid.reduced(points))


def _along(
    motion: Motion, k: int, places: Places, grid: Grid, views: Views, counts: Bool[np.ndarray, "h w"]
) -> Candidate:
    """The candidate of a plane in frame k, in the part of the grid that counts."""
    image, depth = views.at(k, grid.step)
    moved, shape = grid.reduced(through(motion, grid.points.reshape(-1, 2))), grid.points.shape[:2]
    away = np.where(is_inside(moved, depth.shape), sample_at(depth, moved), 0).reshape(shape)
    is_known = away > 0.99
    colours = sample_at(image, moved).reshape(*shape, 3)
    safety = (away / FRINGE_PX).clip(0, 1)
    return Candidate(places, np.where(is_known & counts, k, NOWHERE), colours, safety, is_followed=False)


def followed_candidate(places: Places, hole: Hole, grid: Grid, views: Views) -> Candidate:
    """The candidate of pixels that were followed from neighbour to neighbour, and of what moves along around them."""
    shape = grid.points.shape[:2]
    origin, there, is_around = _moved_along(places, hole, grid)
    colours, safety = np.zeros((len(origin), 3), np.uint8), np.zeros(len(origin), np.float32)
    for k, chosen in by_frame(origin):
        image, depth = views.at(k, grid.step)
        at = grid.reduced(there.take(chosen, axis=0))
        away = np.where(is_inside(at, depth.shape), sample_at(depth, at), 0)
        is_shown = ~is_around[chosen] | (away > 0.99)
        origin[chosen[~is_shown]] = NOWHERE
        put_rows(colours, chosen, sample_at(image, at) * is_shown[:, None])
        safety[chosen] = (away / FRINGE_PX).clip(0, 1)
    return Candidate(places, origin.reshape(shape), colours.reshape(*shape, 3), safety.reshape(shape), is_followed=True)


def _moved_along(places: Places, hole: Hole, grid: Grid) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where the pixels of a grid lie, outside the hole as its nearest known pixel moves; and which these are."""
    index = np.full(hole.shape, -2)
    index[hole] = np.where(places.is_known, np.arange(len(places.source)), -1)
    index = grid.nearest(index)
    own, is_around = index >= 0, index == -2
    origin, there = np.full(own.shape, NOWHERE), grid.points.copy()
    if own.any():
        origin[own] = places.source[index[own]]
        there[own] = places.xy.take(index[own], axis=0)
        nearest = np.flatnonzero(own)[nearest_in(own)[is_around]]
        there[is_around] += (there - grid.points).reshape(-1, 2).take(nearest, axis=0)
        origin[is_around] = origin.ravel()[nearest]
    return origin.ravel(), there.reshape(-1, 2), is_around.ravel()
