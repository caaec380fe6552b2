"""Enlarges what was painted into a hole of a reduced picture, with the texture of the picture itself.

Each cell of the painted part resembles some known cell. Pixels are read there, at full size, so that no detail is lost;
their mean colours remain those that were painted. What differs at the border of the hole fades out inside it.

Convention:
    Cell (y, x) of a picture reduced by ``step`` averages the pixels from (step * y, step * x) on.

Source: the search is that of Barnes et al., PatchMatch, 2009, for all cells at once, with the jumps of Rong and Tan,
Jump Flooding in GPU with Applications to Voronoi Diagram and Distance Transform, 2006.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from master_thesis.ops.mask import widened_square
from master_thesis.ops.membrane import stretched
from master_thesis.ops.pixels import nearest_in, sample_at

RADIUS, SPACING = 2, 2
"""Cells are compared with what surrounds them up to this distance, in so many cells."""
NUM_ROUNDS = 3
JUMPS = (8, 4, 2, 1)
FADE_CELLS = 4
"""How far what differs at the border of a hole reaches into it."""
SHARPNESS = 2
"""Power of the weights with which pixels between cells are read from the places of several: sharper with more."""
NUM_SEARCHES = 5
"""Random looks around the best place so far, each half as far as the one before."""


def reduce_known(
    picture: UInt8[np.ndarray, "H W 3"], hole: Bool[np.ndarray, "H W"], step: int
) -> tuple[UInt8[np.ndarray, "h w 3"], Bool[np.ndarray, "h w"]]:
    """A picture and the cells that hold any pixel of its hole, reduced; sides that are no multiple are extended."""
    return _reduced(picture, step), _cells_of(hole, step)


def enlarge_painted(
    painted: Float[np.ndarray, "h w 3"],
    picture: UInt8[np.ndarray, "H W 3"],
    hole: Bool[np.ndarray, "H W"],
    step: int,
    seed: int = 0,
) -> Float[np.ndarray, "H W 3"]:
    """The picture with its hole filled by what was painted at the size of :func:`reduce_known`.

    Args:
        painted: the reduced picture with its hole painted, in [0, 255].
        picture: RGB; its colours in the hole do not matter.
        hole: what was painted.
        step: by how much it was reduced.
        seed: of the search.
    """
    is_cell = _cells_of(hole, step)
    source = similar_cells(painted.astype(np.float32), is_cell, np.random.default_rng(seed))
    result = picture.astype(np.float32)
    y, x = np.nonzero(hole)
    if source is None:  # nothing is known entirely around any cell
        result[hole] = sample_at(painted.astype(np.float32), _in_cells(x, y, step))
        return result
    border = widened_square(hole, 1) & ~hole
    continued, is_continued = _continued(source, is_cell)
    result[hole | border] = _read(picture, continued, is_continued, np.argwhere(hole | border), step)
    correction = (painted - _reduced(result, step)).astype(np.float32) * is_cell[..., None]
    result[hole] += sample_at(correction, _in_cells(x, y, step))
    depth = cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)[..., None]
    step_at_border = stretched(picture - result, np.repeat(border[..., None], 3, axis=-1).astype(np.float32))
    result += (1 - depth / (FADE_CELLS * step)).clip(0, 1) * step_at_border
    return np.where(hole[..., None], result, picture).astype(np.float32)


def similar_cells(
    painted: Float[np.ndarray, "h w 3"], is_cell: Bool[np.ndarray, "h w"], random: np.random.Generator
) -> Int[np.ndarray, "h w 2"] | None:
    """For each painted cell, the known one (y, x) whose surroundings resemble its own; None if there is none."""
    kernel = np.ones((2 * RADIUS + 1,) * 2, np.uint8)
    is_source = cv2.erode((~is_cell).astype(np.uint8), kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0
    places = np.argwhere(is_source)
    if not len(places):
        return None
    cells = np.argwhere(is_cell)
    search = _Search(painted, is_source, cells, places[random.integers(len(places), size=len(cells))])
    for _ in range(NUM_ROUNDS):
        for jump in JUMPS:
            for step in ((0, jump), (jump, 0), (0, -jump), (-jump, 0)):
                search.spread(np.array(step), is_cell)
        extent = max(is_cell.shape)
        for _ in range(NUM_SEARCHES):
            search.offer(search.best + random.integers(-extent, extent + 1, size=search.best.shape))
            extent = max(extent // 4, 1)
    source = np.zeros((*is_cell.shape, 2), int)
    source[is_cell] = search.best
    return source


class _Search:
    """The best places so far of some cells; they are written to."""

    def __init__(self, painted: np.ndarray, is_source: np.ndarray, cells: np.ndarray, best: np.ndarray) -> None:
        self.is_source, self.cells, self.best = is_source, cells, best
        self._padded = cv2.copyMakeBorder(painted, *(RADIUS,) * 4, cv2.BORDER_REPLICATE).reshape(-1, 3)
        self._width = painted.shape[1] + 2 * RADIUS
        self._cost = self._compare(np.arange(len(cells)), best)

    def _compare(self, chosen: np.ndarray, places: np.ndarray) -> Float[np.ndarray, " N"]:
        """The difference of some cells to places, over what surrounds both."""
        here, there = (cells[:, 0] * self._width + cells[:, 1] for cells in (self.cells[chosen], places))
        total = np.zeros(len(chosen), np.float32)
        for y in range(0, 2 * RADIUS + 1, SPACING):
            for x in range(0, 2 * RADIUS + 1, SPACING):
                shift = y * self._width + x
                difference = self._padded.take(here + shift, axis=0) - self._padded.take(there + shift, axis=0)
                total += np.einsum("nc,nc->n", difference, difference)
        return total

    def offer(self, places: np.ndarray, is_offered: np.ndarray | None = None) -> None:
        """Takes places that are known and better."""
        height, width = self.is_source.shape
        y, x = places.T
        inside = (y >= 0) & (x >= 0) & (y < height) & (x < width)
        inside &= self.is_source[y.clip(0, height - 1), x.clip(0, width - 1)]
        chosen = np.flatnonzero(inside if is_offered is None else inside & is_offered)
        cost = self._compare(chosen, places[chosen])
        is_better = cost < self._cost[chosen]
        self.best[chosen[is_better]], self._cost[chosen[is_better]] = places[chosen][is_better], cost[is_better]

    def spread(self, step: np.ndarray, is_cell: np.ndarray) -> None:
        """Offers each cell what continues the place of another one at some distance."""
        index = np.full(is_cell.shape, -1)
        index[is_cell] = np.arange(len(self.cells))
        other = (self.cells - step).clip(0, np.array(is_cell.shape) - 1)
        number = index[tuple(other.T)]
        self.offer(self.best[number] + self.cells - other, number >= 0)


def _continued(
    source: Int[np.ndarray, "h w 2"], is_cell: Bool[np.ndarray, "h w"]
) -> tuple[Int[np.ndarray, "h w 2"], Bool[np.ndarray, "h w"]]:
    """Cells with those beside them, whose places continue that of the nearest cell."""
    cells = np.argwhere(is_cell)
    nearest = cells[nearest_in(is_cell)]
    beside = source[tuple(np.moveaxis(nearest, -1, 0))] + np.moveaxis(np.indices(is_cell.shape), 0, -1) - nearest
    return beside, widened_square(is_cell, 1)


def _read(
    picture: np.ndarray, source: np.ndarray, is_cell: np.ndarray, pixels: Int[np.ndarray, "N 2"], step: int
) -> Float[np.ndarray, "N 3"]:
    """Pixels (y, x) from the places of their cells; between the centres of cells, from those of several."""
    (y, x), (height, width) = pixels.T, is_cell.shape
    place = _in_cells(x, y, step)
    first = np.floor(place).astype(int)
    total, weights = np.zeros((len(x), 3), np.float32), np.zeros(len(x), np.float32)
    for right in (0, 1):
        for down in (0, 1):
            column, row = first[:, 0] + right, first[:, 1] + down
            share = (1 - np.abs(place[:, 0] - column)) * (1 - np.abs(place[:, 1] - row))
            column, row = column.clip(0, width - 1), row.clip(0, height - 1)
            share = share**SHARPNESS * is_cell[row, column]
            there_y = (y + step * (source[row, column, 0] - row)).clip(0, picture.shape[0] - 1)
            there_x = (x + step * (source[row, column, 1] - column)).clip(0, picture.shape[1] - 1)
            total += share[:, None] * picture[there_y, there_x]
            weights += share
    return total / np.maximum(weights, 1e-6)[:, None]


def _in_cells(x: Int[np.ndarray, " N"], y: Int[np.ndarray, " N"], step: int) -> Float[np.ndarray, "N 2"]:
    return ((np.stack((x, y), axis=-1) + 0.5) / step - 0.5).astype(np.float32)


def _cells_of(hole: Bool[np.ndarray, "H W"], step: int) -> Bool[np.ndarray, "h w"]:
    """The cells that hold any pixel of a hole."""
    return _reduced(hole.astype(np.float32), step) > 0


def _reduced(image: np.ndarray, step: int) -> np.ndarray:
    """The means of cells."""
    whole = _extended(image, step)
    return cv2.resize(whole, (whole.shape[1] // step, whole.shape[0] // step), interpolation=cv2.INTER_AREA)


def _extended(image: np.ndarray, step: int) -> np.ndarray:
    height, width = image.shape[:2]
    return cv2.copyMakeBorder(image, 0, -height % step, 0, -width % step, cv2.BORDER_REPLICATE)
