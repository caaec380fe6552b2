"""Chooses the sources of every third frame, and carries that choice along the motion to the frames before and after.

What neighbouring frames take from the same place does not flicker, and comparing what dozens of frames show takes ten
times as long as reading what was chosen. Pixels that the neighbour shows itself are copied from there.

Source: Granados et al., How Not to Be Seen, 2012, ask labels to agree along the motion; here, they do by construction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from jaxtyping import Bool, Float, Int

from master_thesis.inpainting.comparison import Views
from master_thesis.inpainting.decisions import Colours, Decision, Labels
from master_thesis.inpainting.detail import Part, colours_at
from master_thesis.inpainting.judging import Judge
from master_thesis.inpainting.labels import decide
from master_thesis.inpainting.motions import Hole, Motions
from master_thesis.inpainting.rims import in_rims
from master_thesis.inpainting.sources import Chosen, points_of
from master_thesis.inpainting.trails import Order, Side, followed_both_ways
from master_thesis.ops.pixels import is_from_edge, pixels_at, put_rows
from master_thesis.ops.position_map import NOWHERE, Places
from master_thesis.runtime.ahead import side_by_side

TOGETHER = 3
"""Frames that are decided on by the one in their middle."""
LEAST_HIDDEN = 0.8
"""Share of a hole that this one should hide, too, for its choice to be carried over: where the camera or the hole moves
fast, little of it does."""

NOTHING = Decision([], np.zeros(0, bool))
"""What is decided for a frame without a hole."""

Followed = tuple[int, tuple[Side, Side]]
"""A target, and where its hole was followed to, backwards and forwards."""


def choose_sources(views: Views, motions: Motions, order: Order) -> Iterator[tuple[int, Chosen]]:
    """Yields the sources of targets, in order; those of several groups of frames are chosen at once.

    Args:
        views: of all frames.
        motions: of the frames.
        order: of the targets.
    """
    chooser = _Chooser(views, motions)
    for group in side_by_side(chooser.chosen, _groups(followed_both_ways(views.wide, motions, order), order)):
        yield from group


def _groups(followed: Iterable[Followed], order: Order) -> Iterator[list[Followed]]:
    """Cuts targets into groups of neighbours."""
    coming = iter(followed)
    for run in (order.backwards, order.forwards):
        for start in range(0, len(run), TOGETHER):
            yield list(islice(coming, len(run[start : start + TOGETHER])))


class _Chooser:
    """Chooses the sources of neighbouring frames."""

    def __init__(self, views: Views, motions: Motions) -> None:
        self.views, self.motions, self.judge = views, motions, Judge(views, motions)

    def chosen(self, group: list[Followed]) -> list[tuple[int, Chosen]]:
        """The sources of a group: what is decided for the one in its middle, read there and beside it."""
        middle, sides = group[len(group) // 2]
        decision = self._decided(middle, sides)
        return [self._completed(t, sides, self._labels(t, sides, middle, decision)) for t, sides in group]

    def _decided(self, t: int, sides: tuple[Side, Side]) -> Decision:
        points = points_of(self.views.wide[t])
        if not len(points):
            return NOTHING
        return decide(t, points, [side.places for side in sides], self.views, self.motions)

    def _labels(self, t: int, sides: tuple[Side, Side], middle: int, decision: Decision) -> Labels:
        """What is copied into a hole, by what was decided for its neighbour unless that tells little."""
        points, colours = points_of(self.views.wide[t]), Colours(self.views.frames, self.motions.exposures, t)
        if not len(points):
            return NOTHING.labels(points, colours)
        if t == middle:
            return decision.labels(points, colours)
        beside = _Beside.of(points, self.motions.between(t, middle, points), self.views.wide[middle])
        if beside.is_hidden.mean() < LEAST_HIDDEN:
            return self._decided(t, sides).labels(points, colours)
        labels = beside.labels(middle, decision, colours)
        fitting = self.judge.fitting(t, labels.places)
        return labels.refusing(labels.places.is_known & ~fitting.is_known)

    def _completed(self, t: int, sides: tuple[Side, Side], labels: Labels) -> tuple[int, Chosen]:
        """What was chosen for a frame, completed by rims."""
        chosen = Chosen(self.views.wide[t], *labels)
        rims = in_rims(t, self.views.wide.holes[t], chosen, sides)
        return t, replace(chosen, places=self.judge.completed(t, chosen.places, rims, self._outside))

    def _outside(self, t: int, places: Places) -> Float[np.ndarray, "N 3"]:
        """The colours at places in frames, as frame t shows them, free of what their holes hide."""
        frames, holes = self.views.frames, self.views.wide.holes
        return colours_at(t, places, lambda k: Part(frames[k], holes[k]), self.motions.exposures)


@dataclass(frozen=True)
class _Beside:
    """Where the pixels of a hole lie in a neighbour.

    Attributes:
        points: their positions there.
        index: the nearest pixel of its hole, row by row; -1: it shows that place, -2: it lies outside the frame, -3: it
            shows that place at its very edge.
    """

    points: Float[np.ndarray, "N 2"]
    index: Int[np.ndarray, " N"]

    @staticmethod
    def of(own: Float[np.ndarray, "N 2"], points: Float[np.ndarray, "N 2"], hole: Hole) -> _Beside:
        """Looks points up in a neighbour with some hole."""
        number_of = np.full(hole.shape, -1)
        number_of[hole] = np.arange(np.count_nonzero(hole))
        pixels, is_inside = pixels_at(points, hole.shape)
        index = np.where(is_inside, number_of.take(pixels), -2)
        return _Beside(points, np.where((index == -1) & is_from_edge(own, points, hole.shape), -3, index))

    @property
    def is_hidden(self) -> Bool[np.ndarray, " N"]:
        """Whether the neighbour hides them."""
        return self.index >= 0

    def labels(self, number: int, decision: Decision, colours: Colours) -> Labels:
        """What was decided for them in the neighbour, or the neighbour itself where it shows them.

        Args:
            number: of the neighbour.
            decision: for its hole.
            colours: of all frames, as the frame of the pixels shows them.
        """
        hidden = np.flatnonzero(self.is_hidden)
        points = self.points.take(hidden, axis=0)
        found = decision.moved(self.index[hidden], points - np.rint(points)).labels(points, colours)
        shown = Places(np.where(self.index == -1, number, NOWHERE).astype(np.int32), self.points)
        mean, is_refused = np.full((len(self.points), 3), np.nan, np.float32), self.index == -3
        put_rows(mean, hidden, found.colours)
        is_refused[hidden] = found.is_refused
        return Labels(shown.replaced(hidden, found.places), mean, is_refused)
