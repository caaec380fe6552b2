"""Chooses the source of every pixel of a hole together with its neighbours', among what several frames show there.

Each candidate is judged by how well it fits what surrounds the hole, by how many other frames show the same, by its
distance in time, and by how near to the hole of its own frame it lies, where a tight mask leaves a fringe. The one with
the most support is taken, and averaged with those that agree with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, Int, UInt8

from master_thesis.inpainting.candidates import (
    Candidate,
    Grid,
    Views,
    followed_candidate,
    plane_candidates,
    visible_around,
)
from master_thesis.inpainting.motions import Motions, Picture
from master_thesis.inpainting.strangers import StrangerFinder
from master_thesis.models.classical.exposure import Exposure
from master_thesis.ops.consensus import WINDOW_PX, Consensus, agreement, consensus, misfit
from master_thesis.ops.mask import Window, widen_window, window_of
from master_thesis.ops.pixels import put_rows, sample_at
from master_thesis.ops.position_map import NOWHERE, Places, by_frame, frames_in

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
LEAST_WEIGHT = 0.02
"""Smaller shares of a pixel are left out."""
CLEAR_PX = 3.0
"""Distance from the hole, in the reduced frame, at which its surroundings are compared: nearer ones may show the rest
of an object whose mask is too tight."""
READ_PX = 2
"""How far the cells that a hole is read from may lie outside those that hold nothing of it."""
LEAST_SAFETY = 0.1
"""Weight of a candidate at the very border of the hole in its frame."""


class Labels(NamedTuple):
    """What is copied into a hole.

    Attributes:
        places: of the pixels of the hole.
        colours: the mean of the candidates that agree, in the exposure of the frame; NaN: read from the place.
        is_refused: whether other frames show the pixel, but something that is not there in this one.
    """

    places: Places
    colours: Float[np.ndarray, "N 3"]
    is_refused: Bool[np.ndarray, " N"]


class Decision(NamedTuple):
    """What was chosen for the hole of a frame, to be read in it or along the motion in a neighbour of it.

    Attributes:
        candidates: where each of them shows the pixels of the hole.
        reached: the pixels of the hole that any of them showed before strangers were left out.
        grid: of what was chosen.
        consensus: what was chosen; None: there are no candidates.
    """

    candidates: Sequence[Places]
    reached: Bool[np.ndarray, " N"]
    grid: Grid | None = None
    consensus: Consensus | None = None

    def labels(self, points: Float[np.ndarray, "N 2"], colours: Colours) -> Labels:
        """Reads what is copied into the pixels of the hole.

        Args:
            points: the pixels, or where they lie in the frame that this was chosen for.
            colours: of all frames, as the frame of the pixels shows them.
        """
        if self.grid is None or self.consensus is None:
            unknown = np.full((len(points), 3), np.nan, np.float32)
            return Labels(Places.nowhere(points), unknown, np.zeros(len(points), bool))
        places, mean = _mixed(points, self.candidates, self.grid, self.consensus, colours)
        return Labels(places, mean, self.reached & ~places.is_known)

    def moved(self, index: Int[np.ndarray, " M"], away: Float[np.ndarray, "M 2"]) -> Decision:
        """The same for points beside pixels of the hole.

        Args:
            index: of these pixels.
            away: from each of them to its point.
        """
        candidates = [Places(each.source.take(index), each.xy.take(index, axis=0) + away) for each in self.candidates]
        return self._replace(candidates=candidates, reached=self.reached[index])


class Colours:
    """Colours of frames as the exposure of one of them shows them.

    Args:
        frames: RGB.
        exposures: of them.
        number: of the one.
    """

    def __init__(self, frames: Sequence[Picture], exposures: Sequence[Exposure], number: int) -> None:
        self.frames, self.exposures, self.number = frames, exposures, number
        self._levels: dict[int, np.ndarray] = {}

    def at(self, k: int, points: Float[np.ndarray, "N 2"]) -> Float32[np.ndarray, "N 3"]:
        """Those of frame k."""
        sampled = sample_at(self.frames[k], points, cv2.INTER_CUBIC)
        if sampled.dtype == np.uint8:
            return cv2.LUT(sampled[None], self._of_levels(k)[None])[0]
        return self.exposures[k].seen_as(self.exposures[self.number], sampled).astype(np.float32)

    def of(self, candidate: Candidate) -> UInt8[np.ndarray, "h w 3"]:
        """Those of the grid in a candidate; 0 where there is none."""
        result = np.zeros(candidate.colours.shape, np.uint8)
        for k in frames_in(candidate.origin):
            levels = np.rint(self._of_levels(k)).clip(0, 255).astype(np.uint8)
            is_shown = (candidate.origin == k).view(np.uint8)
            cv2.copyTo(cv2.LUT(candidate.colours, levels[None]), is_shown, result)
        return result

    def _of_levels(self, k: int) -> Float32[np.ndarray, "256 3"]:
        """What becomes of every level of 8 bits in frame k."""
        if k not in self._levels:
            levels = self.exposures[k].levels_seen_as(self.exposures[self.number])
            self._levels[k] = levels.astype(np.float32)
        return self._levels[k]


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


def _mixed(
    points: np.ndarray, candidates: Sequence[Places], grid: Grid, chosen: Consensus, colours: Colours
) -> tuple[Places, Float[np.ndarray, "N 3"]]:
    """Reads the pixels of a hole at full size, by the weights of the grid."""
    total, weights = np.zeros((len(points), 3), np.float32), np.zeros(len(points), np.float32)
    best, number_of = np.zeros(len(points), np.float32), np.full(len(points), -1)
    is_label = chosen.label == np.arange(len(candidates))[:, None, None]
    read = grid.read(np.concatenate((chosen.weights, is_label)), points).reshape(2, len(candidates), -1)
    for number, (own, weight, label) in enumerate(zip(candidates, *read, strict=True)):
        score = (1e-6 + weight + 2 * label) * own.is_known
        is_best = score > best
        np.copyto(best, score, where=is_best)
        np.copyto(number_of, number, where=is_best)
        used = np.flatnonzero((weight > LEAST_WEIGHT) & own.is_known)
        weight, source = weight.take(used), own.source.take(used)
        weights[used] += weight
        for k, index in by_frame(source):
            taken = used.take(index)
            seen = weight.take(index)[:, None] * colours.at(k, own.xy.take(taken, axis=0))
            put_rows(total, taken, total.take(taken, axis=0) + seen)
    mean = np.where(weights > 0.5, total.T / np.maximum(weights, 0.5), np.nan).T
    return _taken(candidates, number_of, points), mean.astype(np.float32, order="C")


def _taken(candidates: Sequence[Places], number_of: Int[np.ndarray, " N"], points: Float[np.ndarray, "N 2"]) -> Places:
    """The place of each point in the candidate of some number; -1: nowhere."""
    source, xy = np.full(len(points), NOWHERE, np.int32), points.copy()
    for number, candidate in enumerate(candidates):
        chosen = np.flatnonzero(number_of == number)
        source[chosen] = candidate.source[chosen]
        put_rows(xy, chosen, candidate.xy.take(chosen, axis=0))
    return Places(source, xy)
