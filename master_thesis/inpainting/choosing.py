"""Chooses the sources of every second frame, and carries that choice along the motion to the frames in between.

What two neighbouring frames take from the same place does not flicker, and comparing what dozens of frames show takes
ten times as long as reading what was chosen. Pixels that a neighbour shows itself are copied from there.

Source: Granados et al., How Not to Be Seen, 2012, ask labels to agree along the motion; here, they do by construction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from master_thesis.inpainting.candidates import Views
from master_thesis.inpainting.decisions import Colours, Decision, Labels
from master_thesis.inpainting.detail import Part, colours_at
from master_thesis.inpainting.judging import Judge
from master_thesis.inpainting.labels import decide
from master_thesis.inpainting.motions import Motions
from master_thesis.inpainting.planes import DISTANCES
from master_thesis.inpainting.rims import in_rims
from master_thesis.inpainting.sources import Chosen, Order, Side, WideHoles, followed_both_ways, points_of
from master_thesis.ops.pixels import put_rows
from master_thesis.ops.position_map import NOWHERE, Places
from master_thesis.runtime.ahead import side_by_side

STRIDE = 2
"""Distance, in frames, of those whose sources are chosen afresh."""
LEAST_HIDDEN = 0.9
"""Share of a hole that a neighbour should hide, too, for its choice to be carried over: where the camera or the hole
moves fast, little of it does."""


class Asked(NamedTuple):
    """A target, and what was decided for it; None: that is carried over from its neighbours."""

    number: int
    sides: tuple[Side, Side]
    decision: Decision | None


def choose_sources(views: Views, motions: Motions, order: Order) -> Iterator[tuple[int, Chosen]]:
    """Yields the sources of targets, in order; those of several frames are chosen at once.

    Args:
        views: of all frames; those far away from a target are forgotten.
        motions: of the frames.
        order: of the targets.
    """
    chooser = _Chooser(views, motions)
    asked = side_by_side(lambda each: chooser.asked(*each, order), followed_both_ways(views.wide, motions, order))
    for t, chosen in side_by_side(lambda each: chooser.chosen(*each), _with_neighbours(asked, order)):
        views.keep_near(t, DISTANCES[-1])
        yield t, chosen


def _with_neighbours(asked: Iterable[Asked], order: Order) -> Iterator[tuple[Asked, list[Asked]]]:
    """Yields targets with the neighbours that were decided on, where they themselves were not."""
    key = last = waiting = None
    for each in asked:
        if each.number == order.key + 1:
            last = key
        if each.decision is None:
            waiting = each
            continue
        if waiting is not None:
            yield waiting, [neighbour for neighbour in (last, each) if neighbour is not None]
            waiting = None
        yield each, []
        last, key = each, key or each


class _Chooser:
    """Chooses the sources of single frames."""

    def __init__(self, views: Views, motions: Motions) -> None:
        self.views, self.motions, self.judge = views, motions, Judge(views, motions)
        self.frames, self.wide = views.frames, views.wide

    def asked(self, t: int, sides: tuple[Side, Side], order: Order) -> Asked:
        """A target with what is decided for it, unless that is carried over."""
        is_between = (t - order.key) % STRIDE != 0 and t not in (order.targets.start, order.targets.stop - 1)
        return Asked(t, sides, None if is_between and self.wide[t].any() else self._decided(t, sides))

    def _decided(self, t: int, sides: tuple[Side, Side]) -> Decision:
        points = points_of(self.wide[t])
        if not len(points):
            return Decision([], np.zeros(0, bool))
        return decide(t, points, [side.places for side in sides], self.views, self.motions)

    def chosen(self, asked: Asked, neighbours: Sequence[Asked]) -> tuple[int, Chosen]:
        """The sources of a target, from its own decision or those of its neighbours, completed by rims."""
        t, sides, decision = asked
        chosen = Chosen(self.wide[t], *self._labels(t, sides, decision, neighbours))
        rims = in_rims(t, self.wide.holes[t], chosen, sides)
        return t, replace(chosen, places=self.judge.completed(t, chosen.places, rims, self._outside))

    def _labels(
        self, t: int, sides: tuple[Side, Side], decision: Decision | None, neighbours: Sequence[Asked]
    ) -> Labels:
        points = points_of(self.wide[t])
        if decision is None:
            besides = [_Beside.of(self.motions.between(t, each.number, points), each, self.wide) for each in neighbours]
            besides.sort(key=lambda each: -np.count_nonzero(each.is_hidden))
            if besides[0].is_hidden.mean() >= LEAST_HIDDEN:
                return self._carried(t, points, besides)
            decision = self._decided(t, sides)
        return decision.labels(points, self._colours(t))

    def _outside(self, t: int, places: Places) -> Float[np.ndarray, "N 3"]:
        """The colours at places in frames, as frame t shows them, free of what their holes hide."""
        return colours_at(t, places, self._frame, self.motions.exposures)

    def _frame(self, k: int) -> Part:
        return Part(self.frames[k], self.wide.holes[k], (0, 0))

    def _colours(self, t: int) -> Colours:
        return Colours(self.frames, self.motions.exposures, t)

    def _carried(self, t: int, points: np.ndarray, besides: Sequence[_Beside]) -> Labels:
        """What is copied into a hole by what was decided for its neighbours, the first of which counts first."""
        places, colours = Places.nowhere(points), np.full((len(points), 3), np.nan, np.float32)
        is_refused = np.zeros(len(points), bool)
        for beside in besides:
            asked = np.flatnonzero(beside.is_hidden & ~places.is_known)
            labels = beside.labels(asked, self._colours(t))
            is_refused[asked] |= labels.is_refused
            known = np.flatnonzero(labels.places.is_known)
            places = places.replaced(asked[known], labels.places.at(known))
            put_rows(colours, asked[known], labels.colours.take(known, axis=0))
        for beside in besides:
            shown = Places(np.where(beside.is_shown, beside.number, NOWHERE).astype(np.int32), beside.points)
            places = places.where(places.is_known, shown)
        return Labels(places, colours, is_refused & ~places.is_known)


@dataclass(frozen=True)
class _Beside:
    """Where the pixels of a hole lie in a neighbour that was decided on.

    Attributes:
        number: of the neighbour.
        points: where they lie in it.
        index: the nearest pixel of its hole, row by row; -1: it shows that place, -2: it lies outside the frame.
        decision: for the neighbour.
    """

    number: int
    points: Float[np.ndarray, "N 2"]
    index: Int[np.ndarray, " N"]
    decision: Decision

    @staticmethod
    def of(points: Float[np.ndarray, "N 2"], neighbour: Asked, wide: WideHoles) -> _Beside:
        """Looks them up."""
        hole = wide[neighbour.number]
        number_of = np.full(hole.shape, -1)
        number_of[hole] = np.arange(np.count_nonzero(hole))
        x, y = np.rint(points).astype(int).T
        is_inside = (x >= 0) & (y >= 0) & (x < hole.shape[1]) & (y < hole.shape[0])
        index = number_of[y.clip(0, hole.shape[0] - 1), x.clip(0, hole.shape[1] - 1)]
        assert neighbour.decision is not None
        return _Beside(neighbour.number, points, np.where(is_inside, index, -2), neighbour.decision)

    @property
    def is_hidden(self) -> Bool[np.ndarray, " N"]:
        """Whether the neighbour hides them."""
        return self.index >= 0

    @property
    def is_shown(self) -> Bool[np.ndarray, " N"]:
        """Whether the neighbour shows them."""
        return self.index == -1

    def labels(self, asked: Int[np.ndarray, " M"], colours: Colours) -> Labels:
        """What was decided for some of them, all of which the neighbour hides."""
        points = self.points.take(asked, axis=0)
        return self.decision.moved(self.index[asked], points - np.rint(points)).labels(points, colours)
