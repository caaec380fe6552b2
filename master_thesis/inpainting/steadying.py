"""Steadies a fill along the motion: what its sources change from one frame to the next fades in instead of popping.

What is hidden in two neighbouring frames changes by a fraction of the way per frame: its low frequencies alone, so that
it stays sharp, and less at the border of the hole, which has to fit the frame. Where the motion does not explain what
surrounds the hole, the neighbour tells nothing.

Source: blind temporal consistency (Bonneel et al., 2015) keeps a result near to the one before in the same way.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Bool, Float

from master_thesis.inpainting.finishing import FilledHole
from master_thesis.inpainting.motions import Hole, Motions, Picture
from master_thesis.inpainting.painting import rounded
from master_thesis.inpainting.sources import points_of
from master_thesis.ops.mask import Window, widen_window, window_of
from master_thesis.ops.pixels import is_inside, pixels_in, put_pixels, sample_at

SHARE = 0.75
"""Share of a change that is held back in the first frame; in the next one, this share of the rest."""
FINEST_PX = 2.0
"""Extent over which changes are averaged: what is finer is left as it is read."""
LARGEST_CHANGE = 80.0
"""Larger changes, in grey levels, count as this one: they show something else, which would leave a ghost."""
BORDER_PX = 3.0
"""Distance from the border of what stays hidden at which a third of the share is missing."""
RING_PX = (4, 14)
"""Distances from the hole between which the motion is judged."""
MISMATCH = 8.0
"""Median difference there, in grey levels, at which the share is halved."""
NUM_JUDGED = 2000
"""About so many pixels of the ring are looked at."""


class FilledFrame(NamedTuple):
    """A frame with its hole filled.

    Attributes:
        number: of the frame.
        picture: RGB in [0, 255].
        hole: what was filled.
    """

    number: int
    picture: Picture
    hole: Hole


class Steadier:
    """Steadies frames one after another, each against a neighbour that came before.

    Args:
        frames: RGB in [0, 255].
        holes: of them.
        motions: of them.
        first: a frame that was filled before, if there is one.
        kept: numbers of frames whose colours stay as they are.
    """

    def __init__(
        self,
        frames: Sequence[Picture],
        holes: Sequence[Hole],
        motions: Motions,
        first: FilledFrame | None = None,
        kept: Collection[int] = (),
    ) -> None:
        self.frames, self.holes, self.motions, self.kept = frames, holes, motions, kept
        self._before = [] if first is None else [first]

    def steadied(self, filled: tuple[int, FilledHole]) -> tuple[int, FilledHole]:
        """The next frame, by its number, as it is filled by itself and then steadied."""
        t, hole = filled
        frame = self._frame(t, hole)
        neighbour = next((frame for frame in self._before if abs(frame.number - t) == 1), None)
        if neighbour is not None and t not in self.kept:
            hole = replace(hole, colours=rounded(steadied(frame, neighbour, self.motions), frame.picture))
            put_pixels(frame.picture, frame.hole, hole.colours)
        # Others begin with the first frame again, in the other direction.
        self._before = [*self._before[:1], frame]
        return t, hole

    def _frame(self, t: int, hole: FilledHole) -> FilledFrame:
        picture = self.frames[t].copy()
        put_pixels(picture, self.holes[t], hole.colours)
        return FilledFrame(t, picture, self.holes[t])


def steadied(frame: FilledFrame, neighbour: FilledFrame, motions: Motions) -> Float[np.ndarray, "N 3"]:
    """The colours of a hole, held back towards those that the neighbour shows there.

    Args:
        frame: whose hole was filled by itself.
        neighbour: the frame before or after it, steadied.
        motions: of the frames.
    """
    colours = pixels_in(frame.picture, frame.hole).astype(np.float32)
    before = _Before.of(frame, neighbour, points_of(frame.hole), motions)
    change = np.where(before.is_hidden[:, None], before.colours - colours, 0)
    if motions.is_repeat(max(frame.number, neighbour.number)):
        return colours + change
    share = SHARE / (1 + (_mismatch(frame, neighbour, motions) / MISMATCH) ** 4)
    return colours + share * _faded(change, before.is_hidden, frame.hole)


class _Before(NamedTuple):
    """What a neighbour shows at some points of a frame.

    Attributes:
        colours: in the exposure of the frame.
        is_hidden: whether they lie in the hole of the neighbour.
        is_inside: whether they lie in its picture.
    """

    colours: Float[np.ndarray, "N 3"]
    is_hidden: Bool[np.ndarray, " N"]
    is_inside: Bool[np.ndarray, " N"]

    @staticmethod
    def of(frame: FilledFrame, other: FilledFrame, points: Float[np.ndarray, "N 2"], motions: Motions) -> _Before:
        """Reads the neighbour where the motion leads to in it."""
        moved, exposures = motions.between(frame.number, other.number, points), motions.exposures
        sampled = sample_at(other.picture, moved)
        colours = exposures[other.number].seen_as(exposures[frame.number], sampled).astype(np.float32)
        inside = is_inside(moved, other.hole.shape)
        is_hidden = sample_at(other.hole.view(np.uint8), moved, cv2.INTER_NEAREST) > 0
        return _Before(colours, is_hidden & inside, inside)


def _mismatch(frame: FilledFrame, neighbour: FilledFrame, motions: Motions) -> float:
    """How badly the motion explains the surroundings of a hole: the median difference, in grey levels."""
    rows, columns = place = _around(frame.hole, RING_PX[1])
    away = cv2.distanceTransform((~frame.hole[place]).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3)
    y, x = np.nonzero((away >= RING_PX[0]) & (away <= RING_PX[1]))
    step = max(len(x) // NUM_JUDGED, 1)
    x, y = x[::step] + columns.start, y[::step] + rows.start
    before = _Before.of(frame, neighbour, np.stack((x, y), axis=-1).astype(np.float32), motions)
    is_shown = before.is_inside & ~before.is_hidden
    if not is_shown.any():
        return np.inf
    own = frame.picture[y[is_shown], x[is_shown]]
    return float(np.median(np.abs(before.colours[is_shown] - own).mean(axis=-1)))


def _faded(change: Float[np.ndarray, "N 3"], is_hidden: Bool[np.ndarray, " N"], hole: Hole) -> Float[np.ndarray, "N 3"]:
    """The low frequencies of a change of the pixels of a hole, limited, and less of it at its border."""
    place = _around(hole, round(4 * FINEST_PX))
    inside = hole[place]
    stays, planes = np.zeros(inside.shape, np.uint8), np.zeros((*inside.shape, 4), np.float32)
    stays[inside] = is_hidden
    rows = np.ones((len(change), 4), np.float32)
    rows[:, :3] = change
    put_pixels(planes, inside, rows)
    low = pixels_in(cv2.GaussianBlur(planes, (0, 0), FINEST_PX), inside)
    red, green, blue = (np.abs(plane) for plane in low.T[:3])
    largest = np.maximum(np.maximum(red, green), blue) / low[:, 3]
    away = cv2.distanceTransform(np.pad(stays, 1, mode="edge"), cv2.DIST_L2, cv2.DIST_MASK_3)[1:-1, 1:-1][inside]
    share = (1 - np.exp((1 - away.clip(1)) / BORDER_PX)) / low[:, 3]
    share *= np.minimum(1, LARGEST_CHANGE / np.maximum(largest, 1))
    return low[:, :3] * share[:, None]


def _around(hole: Hole, margin: int) -> Window:
    """Rows and columns of a hole with a margin, in px."""
    window = window_of(hole)
    assert window is not None, "the hole is not empty"
    return widen_window(window, margin, (hole.shape[0], hole.shape[1]))
