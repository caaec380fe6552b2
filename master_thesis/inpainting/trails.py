"""Follows the pixels of holes from frame to frame until one shows them, forwards and backwards.

What the next frame has found is carried on, so that both frames take a pixel from the same place.

Source: Granados et al., How Not to Be Seen, 2012.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from master_thesis.inpainting.motions import Hole, Motions
from master_thesis.inpainting.sources import WideHoles, points_of
from master_thesis.ops.pixels import is_shown, pixels_in
from master_thesis.ops.position_map import NOWHERE, Places, PositionMap, by_frame, hallucinated_in


@dataclass(frozen=True)
class Order:
    """The order in which neighbouring frames are filled: from a key frame backwards, then from it forwards.

    Attributes:
        targets: the frames.
        key: one of them, or the frame before them.
    """

    targets: range
    key: int

    @property
    def backwards(self) -> range:
        """The targets up to the key, the key first."""
        return range(self.key, self.targets.start - 1, -1)

    @property
    def forwards(self) -> range:
        """The targets after the key."""
        return range(self.key + 1, self.targets.stop)


class Side(NamedTuple):
    """Where the pixels of a hole lie in the nearest frame that shows them, in one direction in time.

    Attributes:
        places: of the hole and its margin, outside the holes and margins of other frames.
        rims: of the hole, outside the holes of other frames; the same as ``places`` where these are known.
    """

    places: Places
    rims: Places


def followed_both_ways(holes: WideHoles, motions: Motions, order: Order) -> Iterator[tuple[int, tuple[Side, Side]]]:
    """Yields where the holes of targets lie in the nearest earlier and later frames that show them, in order."""
    earlier, later = _Trails(holes, motions), _Trails(holes, motions)
    ahead = later.through(reversed(range(order.key + 1, len(holes))), order.targets)
    behind = earlier.through(range(order.key + 1), order.targets)
    for t in order.backwards:
        yield t, (behind.pop(t), later.at(t))
    for t in order.forwards:
        yield t, (earlier.at(t), ahead.pop(t))


class _Trails:
    """Follows holes in one direction in time: out of holes with their margins, and elsewhere at least out of holes.

    Args:
        holes: of all frames.
        motions: of the frames.
    """

    def __init__(self, holes: WideHoles, motions: Motions) -> None:
        self.holes = holes
        self._wide, self._tight = _Trail(holes, motions), _Trail(holes.holes, motions)

    def at(self, t: int) -> Side:
        """That of frame t; the neighbour in this direction was asked before."""
        places = self._wide.at(t)
        return Side(places, self._tight.at(t, places.at(np.flatnonzero(pixels_in(self.holes.holes[t], self.holes[t])))))

    def through(self, numbers: Iterable[int], kept: range) -> dict[int, Side]:
        """Those of some frames in turn, as far as they are to be kept."""
        sides = ((t, self.at(t)) for t in numbers)
        return {t: side for t, side in sides if t in kept}


class _Trail:
    """Where holes lie in the nearest frame that shows them, in one direction in time.

    Args:
        holes: of all frames.
        motions: of the frames.
    """

    def __init__(self, holes: Sequence[Hole], motions: Motions) -> None:
        self.holes, self.motions = holes, motions
        self._last: tuple[int, Places] | None = None

    def at(self, t: int, before: Places | None = None) -> Places:
        """The places of the hole of frame t; the neighbour in this direction was asked before.

        Args:
            t: the frame.
            before: those that are known; None: none are.
        """
        points = points_of(self.holes[t])
        places = Places.nowhere(points) if before is None else before
        rest = np.flatnonzero(places.source < 0)
        if len(rest):
            places = places.replaced(rest, self._followed(t, points.take(rest, axis=0)))
        self._last = t, places
        return places.where(places.source >= 0, Places.nowhere(points))

    def _followed(self, t: int, points: Float[np.ndarray, "N 2"]) -> Places:
        """The places of some pixels of frame t."""
        places = Places.nowhere(points)
        if self._last is not None:
            number, taken = self._last
            known, moved = PositionMap.of(number, self.holes[number], taken), self.motions.between(t, number, points)
            places = self._corrected(known.at(moved), moved, known)
        # What stays hidden is followed as well, as if it had been hallucinated where that ends.
        return places.where(places.is_known, Places(np.full(len(points), hallucinated_in(t), np.int32), points))

    def _corrected(self, places: Places, moved: Float[np.ndarray, "N 2"], known: PositionMap) -> Places:
        """The same, but none that lie in the hole of their own frame.

        Where a hole moves by parts of a pixel, the nearest pixel of the next frame may come out of it too early.

        Args:
            places: of some pixels.
            moved: these pixels in the next frame.
            known: the places of that.
        """
        places = self._shown_at_the_end(places)
        wrong = np.flatnonzero(places.source >= 0)
        wrong = wrong[~self._is_shown(places.at(wrong))]
        if not len(wrong):
            return places
        found = Places.nowhere(places.xy.take(wrong, axis=0))
        for beside in known.around(moved.take(wrong, axis=0)):
            beside = self._shown_at_the_end(beside)
            is_better = np.where(beside.source >= 0, self._is_shown(beside) & (found.source < 0), ~found.is_known)
            found = beside.where(is_better, found)
        return places.replaced(wrong, found)

    def _shown_at_the_end(self, places: Places) -> Places:
        """The same, and the frames in which hidden pixels end if these show them.

        Where a hole moves by less than half a pixel per frame, none of its pixels comes out of it from one to the next.
        """
        hidden, source = np.flatnonzero(places.source < NOWHERE), places.source.copy()
        ends = hallucinated_in(source[hidden])
        is_shown = self._is_shown(Places(ends, places.xy.take(hidden, axis=0)))
        source[hidden[is_shown]] = ends[is_shown]
        return Places(source, places.xy)

    def _is_shown(self, places: Places) -> Bool[np.ndarray, " N"]:
        """Whether the pixel nearest to each place lies outside the hole of its frame."""
        result = np.zeros(len(places.source), bool)
        for k, chosen in by_frame(places.source.clip(NOWHERE)):
            result[chosen] = is_shown(places.xy.take(chosen, axis=0), self.holes[k])
        return result
