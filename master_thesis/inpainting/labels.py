"""Chooses the source of every pixel of a hole together with its neighbours', among what several frames show there.

Each candidate is judged by how well it fits what surrounds the hole, by how many other frames show the same, by its
distance in time, and by how near to the hole of its own frame it lies, where a tight mask leaves a fringe. The one with
the most support is taken, and averaged with those that agree with it.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Bool, Float

from master_thesis.inpainting.candidates import Candidate, followed_candidate, plane_candidates
from master_thesis.inpainting.comparison import Grid, Views, visible_around
from master_thesis.inpainting.decisions import Colours, Decision
from master_thesis.inpainting.motions import Motions
from master_thesis.inpainting.strangers import StrangerFinder
from master_thesis.ops.consensus import WINDOW_PX, Consensus, agreement, consensus, misfit
from master_thesis.ops.mask import Window, widen_window, window_of
from master_thesis.ops.pixels import is_from_edge, sample_at
from master_thesis.ops.position_map import NOWHERE, Places

TIME_SCALE = 8.0
"""Distance in time, in frames, at which a candidate counts a third."""
MISFIT_SCALE = 6.0
"""Misfit, in grey levels, at which a candidate counts a third."""
FOLLOWED_SHARE = 0.6
"""Share of its misfit that counts against what was followed from neighbour to neighbour: in the hole, each pixel moves
on its own, but around it they are judged by the motion of the nearest one."""
FIT_WEIGHT = 0.5
"""Weight of the misfit relative to the support of others."""
TIME_WEIGHT = 0.5
"""Weight of the logarithm of the distance in time."""
STEADY_PX, LEAST_AGEING = 1.0, 0.05
"""Movement, in px per frame, from which the distance in time counts in full, and the least that it counts: where
nothing moves, a distant frame is as good as a near one."""
MAX_AGED = 4096
"""About so many pixels of a hole tell how fast a candidate moves."""
CLEAR_PX = 3.0
"""Distance from the hole, in the reduced frame, at which its surroundings are compared: nearer ones may show the rest
of an object whose mask is too tight."""
READ_PX = 2
"""How far the cells that a hole is read from may lie outside those that hold nothing of it."""
LEAST_SAFETY = 0.1
"""Weight of a candidate at the very border of the hole in its frame."""


def decide(
    t: int, points: Float[np.ndarray, "N 2"], sides: Sequence[Places], views: Views, motions: Motions
) -> Decision:
    """Chooses what is copied into the hole of frame t.

    Args:
        t: number of the frame.
        points: pixels of its hole.
        sides: where they were followed to, backwards and forwards.
        views: of all frames.
        motions: of the frames.
    """
    wide = views.wide[t]
    grid = Grid.around(wide)
    candidates = [followed_candidate(side, wide, grid, views) for side in sides if side.is_known.any()]
    if not candidates:
        return Decision([], np.zeros(len(points), bool))
    candidates += plane_candidates(t, grid, points, views, motions, candidates)
    reached = np.any([candidate.places.is_known for candidate in candidates], axis=0)
    candidates = [each.leaving_out(is_from_edge(points, each.places.xy, wide.shape), wide, grid) for each in candidates]
    finder = StrangerFinder(t, points, grid, views, motions.exposures)
    candidates = [finder.without_strangers(each) for each in candidates]
    colours = Colours(views.frames, motions.exposures, t)
    chosen, inner = _decided(points, candidates, grid, views, colours)
    return Decision([candidate.places for candidate in candidates], reached, inner, chosen)


def _decided(
    points: np.ndarray, candidates: Sequence[Candidate], grid: Grid, views: Views, colours: Colours
) -> tuple[Consensus, Grid]:
    """What is chosen, and the part of the grid for which that holds: that of the hole."""
    t, origin = colours.number, np.stack([candidate.origin for candidate in candidates])
    known = origin != NOWHERE
    pictures = np.stack([colours.of(candidate) for candidate in candidates])
    image, _ = views.at(t, grid.step)
    target = sample_at(image, grid.reduced(grid.points.reshape(-1, 2))).reshape(*grid.points.shape[:2], 3)
    visible = visible_around(views.wide[t], grid)
    is_clear = cv2.distanceTransform(visible.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3) > CLEAR_PX
    place = _hole_in(visible)
    part = (slice(None), *place)
    fit = misfit(pictures, known, target, is_clear)[part]
    fit[[c.is_followed for c in candidates]] *= FOLLOWED_SHARE
    fit /= MISFIT_SCALE
    ageing = np.array([_ageing(t, points, c.places) for c in candidates], np.float32)
    age = np.abs(origin[part] - t).astype(np.float32) * ageing[:, None, None]
    safety = np.stack([candidate.safety[place] for candidate in candidates])
    trust = (LEAST_SAFETY + (1 - LEAST_SAFETY) * safety) * np.exp(-fit - age / TIME_SCALE) * known[part]
    bias = FIT_WEIGHT * fit + TIME_WEIGHT * np.log1p(age)
    return consensus(trust, agreement(pictures[part], known[part]), bias), grid.within(place)


def _hole_in(visible: Bool[np.ndarray, "h w"]) -> Window:
    """The part of a grid that its hole is read from, with what is compared beside it."""
    window = window_of(~visible)
    assert window is not None, "the hole is not empty"
    return widen_window(window, READ_PX + WINDOW_PX // 2, (visible.shape[0], visible.shape[1]))


def _ageing(t: int, points: Float[np.ndarray, "N 2"], places: Places) -> float:
    """How much the distance in time counts for places, by how far they move per frame."""
    step = max(len(points) // MAX_AGED, 1)
    source, away = places.source[::step], places.xy[::step] - points[::step]
    known = np.flatnonzero(source != NOWHERE)
    if not len(known):
        return 1.0
    away_x, away_y = away.take(known, axis=0).T
    way = np.sqrt(away_x**2 + away_y**2) / np.abs(source.take(known) - t)
    if np.count_nonzero(way >= STEADY_PX) > len(way) / 2 + 1:  # so is the median, which takes longer
        return 1.0
    return float(np.clip(np.median(way) / STEADY_PX, LEAST_AGEING, 1))
