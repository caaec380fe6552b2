"""Which frames each pixel of a hole is copied from, and where in them.

Every pixel is followed along the motion, forwards and backwards, until a frame shows it; what the next frame has found
is carried on, so that both frames take a pixel from the same place. Among these places, and those along the planes of
the scene, the sources of a hole are chosen together.

Source: Granados et al., How Not to Be Seen, 2012.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from jaxtyping import Bool, Float

from master_thesis.inpainting.candidates import Views
from master_thesis.inpainting.labels import choose_labels
from master_thesis.inpainting.motions import Hole, Motions, Picture
from master_thesis.inpainting.planes import DISTANCES
from master_thesis.ops.mask import PackedMask
from master_thesis.ops.position_map import NOWHERE, Places, PositionMap, frames_in, hallucinated_in
from master_thesis.runtime.ahead import side_by_side
from master_thesis.runtime.recent import RecentArrays

UNPACKED_BYTES = 16 * 2**20
"""Wide holes that were asked for last are kept unpacked up to this size."""
MARGIN_PX = 2
"""Pixels this close to a hole are not copied from: sampling them would reach into it."""


@dataclass(frozen=True)
class Chosen:
    """Where a frame copies its hole from.

    Attributes:
        wide: the pixels that need a source: the hole and its margin.
        places: of these, row by row.
        colours: the mean of several sources, in the exposure of the frame; NaN: read from the place alone.
        is_refused: whether other frames show them, but something that is not there in this one.
    """

    wide: Hole
    places: Places
    colours: Float[np.ndarray, "N 3"]
    is_refused: Bool[np.ndarray, " N"]


class WideHoles(Sequence[Hole]):
    """The pixels of each frame that are not copied: its hole and the margin; widened once.

    Args:
        holes: of all frames.
    """

    def __init__(self, holes: Sequence[Hole]) -> None:
        self.holes = holes
        self._packed: dict[int, PackedMask] = {}
        self._recent = RecentArrays(self._unpacked, UNPACKED_BYTES)

    def __len__(self) -> int:
        return len(self.holes)

    def __getitem__(self, k: int) -> Hole:  # type: ignore[override]
        return self._recent[k]

    def _unpacked(self, k: int) -> Hole:
        if k not in self._packed:
            self._packed[k] = PackedMask.of(widened(self.holes[k]))
        return self._packed[k].mask


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


def choose_sources(
    frames: Sequence[Picture], holes: Sequence[Hole], motions: Motions, order: Order
) -> Iterator[tuple[int, Chosen]]:
    """Yields the sources of targets, in order; those of several frames are chosen at once.

    Args:
        frames: RGB in [0, 255].
        holes: of all frames.
        motions: of the frames.
        order: of the targets.
    """
    wide = WideHoles(holes)
    views = Views(frames, wide)

    def chosen(followed: tuple[int, tuple[Places, Places]]) -> tuple[int, Chosen]:
        t, sides = followed
        points = points_of(wide[t])
        if not len(points):
            return t, Chosen(wide[t], sides[0], np.zeros((0, 3), np.float32), np.zeros(0, bool))
        return t, Chosen(wide[t], *choose_labels(t, points, sides, views, motions))

    for t, sources in side_by_side(chosen, followed_both_ways(wide, motions, order)):
        views.keep_near(t, DISTANCES[-1])
        yield t, sources


def followed_both_ways(
    holes: Sequence[Hole], motions: Motions, order: Order
) -> Iterator[tuple[int, tuple[Places, Places]]]:
    """Yields where the holes of targets lie in the nearest earlier and later frames that show them, in order."""
    earlier, later = _Trail(holes, motions, -1), _Trail(holes, motions, 1)
    ahead = later.through(reversed(range(order.key + 1, len(holes))), order.targets)
    behind = earlier.through(range(order.key + 1), order.targets)
    for t in order.backwards:
        yield t, (behind.pop(t), later.at(t))
    for t in order.forwards:
        yield t, (earlier.at(t), ahead.pop(t))


class _Trail:
    """Where holes lie in the nearest frame that shows them, in one direction in time.

    Args:
        holes: of all frames.
        motions: of the frames.
        step: 1 ahead, -1 behind.
    """

    def __init__(self, holes: Sequence[Hole], motions: Motions, step: int) -> None:
        self.holes, self.motions, self.step = holes, motions, step
        self._known: PositionMap | None = None

    def at(self, t: int) -> Places:
        """The places of the hole of frame t; the neighbour in this direction was asked before."""
        points = points_of(self.holes[t])
        places = self._corrected(followed(self._known, points, partial(self.motions.between, t, t + self.step)), t)
        # What stays hidden is followed as well, as if it had been hallucinated where that ends.
        own = Places(np.full(len(points), hallucinated_in(t), np.int32), points)
        self._known = PositionMap.of(t, self.holes[t], places.where(places.is_known, own))
        return places.where(places.source >= 0, Places.nowhere(points))

    def _corrected(self, places: Places, t: int) -> Places:
        """The same, but none that lie in the hole of their own frame.

        Where a hole moves by parts of a pixel, the nearest pixel of the next frame may come out of it too early.
        """
        places = self._shown_at_the_end(places)
        wrong = np.flatnonzero(places.source >= 0)
        wrong = wrong[~self._is_shown(places.at(wrong))]
        if not len(wrong) or self._known is None:
            return places
        found = Places.nowhere(places.xy.take(wrong, axis=0))
        moved = self.motions.between(t, t + self.step, points_of(self.holes[t]).take(wrong, axis=0))
        for beside in self._known.around(moved):
            beside = self._shown_at_the_end(beside)
            is_better = np.where(beside.source >= 0, self._is_shown(beside) & (found.source < 0), ~found.is_known)
            found = beside.where(is_better, found)
        source, xy = places.source.copy(), places.xy.copy()
        source[wrong], xy[wrong] = found.source, found.xy
        return Places(source, xy)

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
        for k in [number for number in frames_in(places.source) if number >= 0]:
            chosen, hole = np.flatnonzero(places.source == k), self.holes[k]
            x, y = np.rint(places.xy.take(chosen, axis=0)).astype(int).T
            is_inside = (x >= 0) & (y >= 0) & (x < hole.shape[1]) & (y < hole.shape[0])
            result[chosen] = is_inside & ~hole[y.clip(0, hole.shape[0] - 1), x.clip(0, hole.shape[1] - 1)]
        return result

    def through(self, numbers: Iterable[int], kept: range) -> dict[int, Places]:
        """The places of some frames in turn, as far as they are to be kept."""
        places = ((t, self.at(t)) for t in numbers)
        return {t: found for t, found in places if t in kept}


def widened(hole: Hole) -> Hole:
    """A hole and the pixels too close to it to be copied from."""
    kernel = np.ones((2 * MARGIN_PX + 1,) * 2, np.uint8)
    return cv2.dilate(hole.astype(np.uint8), kernel) > 0 if hole.any() else hole


def points_of(hole: Hole) -> Float[np.ndarray, "N 2"]:
    """The positions of its pixels, row by row."""
    index, points = np.flatnonzero(hole), np.empty((np.count_nonzero(hole), 2), np.float32)
    points[:, 1], points[:, 0] = np.divmod(index, hole.shape[1])
    return points


def followed(
    known: PositionMap | None, points: Float[np.ndarray, "N 2"], motion: Callable[[np.ndarray], np.ndarray]
) -> Places:
    """The places that a neighbouring frame has for points moved into it."""
    if known is None or not len(points):
        return Places.nowhere(points)
    return known.at(motion(points))
