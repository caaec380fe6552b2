"""Where each pixel of a frame is copied from: positions are carried from frame to frame instead of colours.

A colour that is copied five times is interpolated five times; a position stays sharp, and the frame that it points
into is sampled once, at the end.

Convention:
    Positions are (x, y) in pixels of the frame they point into, (0, 0) being the centre of the top-left one. ``source``
    is the number of that frame, ``hallucinated_in`` that frame, or ``NOWHERE``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
from jaxtyping import Bool, Float, Int, Int32

from master_thesis.ops.pixels import pixel_positions, put_pixels, put_rows

NOWHERE = -1
"""In place of a frame's number: nothing is known of this pixel."""
MANY_FRAMES = 6
"""From so many on, sorting them is faster than to look for each."""

CORNERS = ((0, 0), (1, 0), (0, 1), (1, 1))

T = TypeVar("T", int, np.ndarray)


def hallucinated_in(t: T) -> T:
    """In place of a frame's number: what was hallucinated in frame t; the other way round as well.

    >>> hallucinated_in(3), hallucinated_in(hallucinated_in(3))
    (-5, 3)
    """
    return NOWHERE - 1 - t


def frames_in(source: Int[np.ndarray, "*N"]) -> list[int]:
    """The numbers of the frames that are named, in order, ``NOWHERE`` left out: a tenth of the time of ``np.unique``.

    >>> frames_in(np.array([7, NOWHERE, 2, 7], np.int32)), frames_in(np.array([NOWHERE, 7, 7]))
    ([2, 7], [7])
    """
    most = int(source.max(initial=NOWHERE))
    if np.count_nonzero(source == most) + np.count_nonzero(source == NOWHERE) == source.size and most > NOWHERE:
        return [most]  # as along a plane
    known = source[source != NOWHERE]
    if not len(known):
        return []
    least = int(known.min())
    return (np.flatnonzero(np.bincount(known - least)) + least).tolist()


def by_frame(source: Int[np.ndarray, " N"]) -> Iterator[tuple[int, Int[np.ndarray, " M"]]]:
    """Yields the frames that are named, in order, each with the index of what names it, sorted once for all of them.

    >>> [(k, index.tolist()) for k, index in by_frame(np.array([7, NOWHERE, 2, 7], np.int32))]
    [(2, [2]), (7, [0, 3])]
    """
    numbers = frames_in(source)
    if len(numbers) < MANY_FRAMES:
        yield from ((k, np.flatnonzero(source == k)) for k in numbers)
        return
    least = min(numbers[0], NOWHERE)
    shifted = source - least
    bits = np.min_scalar_type(int(shifted.max()))  # up to 16 of them are sorted in linear time
    order = np.argsort(shifted.astype(bits), kind="stable")
    stops = np.cumsum(np.bincount(shifted))
    for k in numbers:
        yield k, order[stops[k - least - 1] if k > least else 0 : stops[k - least]]


@dataclass(frozen=True)
class Places:
    """Where N pixels are copied from.

    Attributes:
        source: number of the frame, or ``NOWHERE``.
        xy: position in it.
    """

    source: Int32[np.ndarray, " N"]
    xy: Float[np.ndarray, "N 2"]

    @staticmethod
    def nowhere(xy: Float[np.ndarray, "N 2"]) -> Places:
        """Places in no frame."""
        return Places(np.full(len(xy), NOWHERE, np.int32), xy)

    @property
    def is_known(self) -> Bool[np.ndarray, " N"]:
        """Whether there is such a frame."""
        return self.source != NOWHERE

    def at(self, index: Int[np.ndarray, " M"]) -> Places:
        """Some of these places, by index."""
        return Places(self.source.take(index), self.xy.take(index, axis=0))

    def replaced(self, index: Int[np.ndarray, " M"], others: Places) -> Places:
        """These places, but others by index."""
        source, xy = self.source.copy(), self.xy.copy()
        source[index] = others.source
        put_rows(xy, index, others.xy)
        return Places(source, xy)

    def where(self, chosen: Bool[np.ndarray, " N"], other: Places) -> Places:
        """These places where chosen, others elsewhere."""
        xy = self.xy.copy()
        rest = np.flatnonzero(~chosen)
        put_rows(xy, rest, other.xy.take(rest, axis=0))
        return Places(np.where(chosen, self.source, other.source), xy)


@dataclass(frozen=True)
class PositionMap:
    """The same for all pixels of a frame: known ones lie in the frame itself.

    Attributes:
        source: number of the frame that each pixel is copied from, or ``NOWHERE``.
        xy: position in it.
    """

    source: Int32[np.ndarray, "H W"]
    xy: Float[np.ndarray, "H W 2"]

    @staticmethod
    def of(number: int, hole: Bool[np.ndarray, "H W"], places: Places | None = None) -> PositionMap:
        """The map of a frame.

        Args:
            number: of the frame.
            hole: its pixels that are not known.
            places: of these, row by row; None: nothing is known of them.
        """
        source, xy = np.full(hole.shape, number, np.int32), pixel_positions(*hole.shape)
        source[hole] = NOWHERE if places is None else places.source
        if places is not None:
            put_pixels(xy, hole, places.xy)
        return PositionMap(source, xy)

    def at(self, points: Float[np.ndarray, "N 2"]) -> Places:
        """Reads the map between its pixels: the nearest frame number, and positions of neighbours that share it.

        Every neighbour predicts the position from its own and the way to the point, so that the result is exact where
        the frames move against each other, whichever of the neighbours take part. ``NOWHERE`` outside.
        """
        height, width = self.source.shape
        x, y = np.ascontiguousarray(np.nan_to_num(points, nan=-9.0).clip(-9, 1e6).T)
        nearest = np.rint(y).astype(int).clip(0, height - 1) * width + np.rint(x).astype(int).clip(0, width - 1)
        is_inside = (x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1)
        source = np.where(is_inside, self.source.ravel()[nearest], NOWHERE)
        columns, rows = _neighbours(x, width), _neighbours(y, height)
        total, weights = np.zeros((2, len(x))), np.zeros(len(x))
        for right, down in CORNERS:
            column, row = columns[right], rows[down]
            index = row.places * width + column.places
            weight = column.share * row.share * (self.source.ravel()[index] == source)
            known_x, known_y = self.xy.reshape(-1, 2).take(index, axis=0).T
            total[0] += weight * (known_x + column.away)
            total[1] += weight * (known_y + row.away)
            weights += weight
        xy = (total / np.maximum(weights, 1e-9)).T
        return Places(np.where(weights > 0, source, NOWHERE).astype(np.int32), xy.astype(np.float32, order="C"))

    def around(self, points: Float[np.ndarray, "N 2"]) -> Iterator[Places]:
        """Yields what each of the four pixels around points predicts alone."""
        height, width = self.source.shape
        x, y = np.nan_to_num(points, nan=-9.0).clip(-9, 1e6).T
        is_inside = (x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1)
        for right, down in CORNERS:
            column = (np.floor(x).astype(int) + right).clip(0, width - 1)
            row = (np.floor(y).astype(int) + down).clip(0, height - 1)
            source = np.where(is_inside, self.source[row, column], NOWHERE).astype(np.int32)
            away = np.stack((x - column, y - row), axis=-1)
            yield Places(source, (self.xy[row, column] + away).astype(np.float32))


class _Side(NamedTuple):
    """The pixels on one side of points, along one axis."""

    places: Int[np.ndarray, " N"]
    away: Float[np.ndarray, " N"]
    share: Float[np.ndarray, " N"]


def _neighbours(x: Float[np.ndarray, " N"], length: int) -> tuple[_Side, _Side]:
    """The pixels before and after points along an axis, how far away they are, and what share they have."""
    first = np.floor(x).astype(int)
    both = [(first + step).clip(0, length - 1) for step in (0, 1)]
    before, after = (_Side(places, x - places, (1 - np.abs(x - places)).clip(0)) for places in both)
    return before, after
