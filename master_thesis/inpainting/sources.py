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
from master_thesis.ops.position_map import Places, PositionMap
from master_thesis.runtime.ahead import side_by_side

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

    def __len__(self) -> int:
        return len(self.holes)

    def __getitem__(self, k: int) -> Hole:  # type: ignore[override]
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
        places = followed(self._known, points_of(self.holes[t]), partial(self.motions.between, t, t + self.step))
        self._known = PositionMap.of(t, self.holes[t], places)
        return places

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
