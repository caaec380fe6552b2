"""Which frame each pixel of a hole is copied from, and where in it.

Every pixel is followed along the motion, forwards and backwards, until a frame shows it; what the next frame has found
is carried on, so that both frames take a pixel from the same place.

Source: Granados et al., How Not to Be Seen, 2012.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from jaxtyping import Float

from master_thesis.inpainting.motions import Hole, Motions
from master_thesis.ops.position_map import NOWHERE, Places, PositionMap

MARGIN_PX = 2
"""Pixels this close to a hole are not copied from: sampling them would reach into it."""


@dataclass(frozen=True)
class Chosen:
    """Where a frame copies its hole from.

    Attributes:
        wide: the pixels that need a source: the hole and its margin.
        places: of these, row by row.
    """

    wide: Hole
    places: Places


def choose_sources(holes: Sequence[Hole], motions: Motions, targets: range) -> Iterator[tuple[int, Chosen]]:
    """Yields the sources of the targets, in order.

    Args:
        holes: of all frames.
        motions: of the frames.
        targets: neighbouring frames.
    """
    ahead = _ahead(holes, motions, targets)
    behind: PositionMap | None = None
    for t in range(targets.stop):
        wide = widened(holes[t])
        found = followed(behind, points_of(wide), partial(motions.behind, t))
        behind = PositionMap.of(t, wide, found)
        if t in targets:
            yield t, Chosen(wide, _nearer(t, ahead.pop(t), found))


def _ahead(holes: Sequence[Hole], motions: Motions, targets: range) -> dict[int, Places]:
    """Where the holes of the targets lie in the nearest later frame that shows them."""
    found: dict[int, Places] = {}
    known: PositionMap | None = None
    for t in reversed(range(targets.start, len(holes))):
        wide = widened(holes[t])
        places = followed(known, points_of(wide), partial(motions.ahead, t))
        known = PositionMap.of(t, wide, places)
        if t in targets:
            found[t] = places
    return found


def widened(hole: Hole) -> Hole:
    """A hole and the pixels too close to it to be copied from."""
    kernel = np.ones((2 * MARGIN_PX + 1,) * 2, np.uint8)
    return cv2.dilate(hole.astype(np.uint8), kernel) > 0 if hole.any() else hole


def points_of(hole: Hole) -> Float[np.ndarray, "N 2"]:
    """The positions of its pixels, row by row."""
    y, x = np.nonzero(hole)
    return np.stack((x, y), axis=-1).astype(np.float32)


def followed(
    known: PositionMap | None, points: Float[np.ndarray, "N 2"], motion: Callable[[np.ndarray], np.ndarray]
) -> Places:
    """What a neighbour knows of points that are moved into it."""
    if known is None or not len(points):
        return Places(np.full(len(points), NOWHERE, np.int32), points)
    return known.at(motion(points))


def _nearer(t: int, ahead: Places, behind: Places) -> Places:
    """The place in the nearer frame, of those that are known."""
    far = np.iinfo(np.int32).max
    distances = [np.where(side.is_known, np.abs(side.source - t), far) for side in (ahead, behind)]
    return ahead.where(distances[0] < distances[1], behind)
