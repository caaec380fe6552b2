"""Which frames each pixel of a hole is copied from, and where in them.

Every pixel is followed along the motion, forwards and backwards, until a frame shows it; what the next frame has found
is carried on, so that both frames take a pixel from the same place. Among these places, and those along the planes of
the scene, the sources of a hole are chosen together.

Source: Granados et al., How Not to Be Seen, 2012.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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


def choose_sources(
    frames: Sequence[Picture], holes: Sequence[Hole], motions: Motions, targets: range
) -> Iterator[tuple[int, Chosen]]:
    """Yields the sources of the targets, in order; those of several frames are chosen at once.

    Args:
        frames: RGB in [0, 255].
        holes: of all frames.
        motions: of the frames.
        targets: neighbouring frames.
    """
    wide = WideHoles(holes)
    views = Views(frames, wide)

    def chosen(followed: tuple[int, tuple[Places, Places]]) -> tuple[int, Chosen]:
        t, sides = followed
        points = points_of(wide[t])
        if not len(points):
            return t, Chosen(wide[t], sides[0], np.zeros((0, 3), np.float32), np.zeros(0, bool))
        return t, Chosen(wide[t], *choose_labels(t, points, sides, views, motions))

    for t, sources in side_by_side(chosen, followed_both_ways(wide, motions, targets)):
        views.forget(t - DISTANCES[-1])
        yield t, sources


def followed_both_ways(
    holes: Sequence[Hole], motions: Motions, targets: range
) -> Iterator[tuple[int, tuple[Places, Places]]]:
    """Yields where the holes of the targets lie in the nearest earlier and later frames that show them, in order."""
    ahead = followed_ahead(holes, motions, targets)
    behind: PositionMap | None = None
    for t in range(targets.stop):
        found = followed(behind, points_of(holes[t]), partial(motions.behind, t))
        behind = PositionMap.of(t, holes[t], found)
        if t in targets:
            yield t, (found, ahead.pop(t))


def followed_ahead(holes: Sequence[Hole], motions: Motions, targets: range) -> dict[int, Places]:
    """Where the holes of the targets lie in the nearest later frame that shows them."""
    found: dict[int, Places] = {}
    known: PositionMap | None = None
    for t in reversed(range(targets.start, len(holes))):
        places = followed(known, points_of(holes[t]), partial(motions.ahead, t))
        known = PositionMap.of(t, holes[t], places)
        if t in targets:
            found[t] = places
    return found


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
