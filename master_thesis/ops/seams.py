"""Removes the steps where a picture was put together from parts, in the gradient domain.

A step between two parts is a seam as far as it exceeds what neighbouring pixels differ by nearby. The excess is taken
away at the seam and fades out into the parts as smoothly as it can; known pixels do not change.

Source: Perez et al., Poisson image editing, 2003; Agarwala et al., Interactive Digital Photomontage, 2004.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from master_thesis.ops.mask import widen_window, window_of
from master_thesis.ops.membrane import halved
from master_thesis.ops.pixels import put_rows
from master_thesis.ops.precision import in_full_precision

LARGEST_STEP = 40.0
"""Larger steps, in grey levels, are edges of the scene, not seams."""
TEXTURE_SHARE = 1.5
"""Multiple of the usual difference of neighbours that is no seam. With 1, holes before texture get smoother borders
than the truth has; with 2, seams before plain ground can be seen."""
TEXTURE_PX = 4.0
"""Extent over which differences of neighbours are averaged."""
CYCLES = 4
"""Of the multigrid solver: errors of a sixth of a grey level in 99 % of the pixels of ragged holes, and of a hundredth
in round ones, where steps of 20 were joined."""
LONGEST = 2.0
"""Of the steps that it finds at smaller sizes, as a multiple: where nothing is known there, they have no length."""
WEIGHTS = (0.14, 0.35)
"""Of relaxations, as those of Chebyshev for what changes from pixel to pixel: two do as much as three equal ones."""
MAX_UNKNOWN = 200
"""With no more than so many pixels, a reduced hole is solved at once."""
LEAST_SHARE = 0.6
"""Share of a reduced pixel that must be free to change."""
RIDGE = 1e-3
"""What holds a reduced hole in its place whose picture has nothing known."""
LAPLACE = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]], np.float32)
IDENTITY = np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]], np.float32)
NEIGHBOURS = ((0, 1), (1, 0), (0, -1), (-1, 0))


def without_seams(
    picture: Float[np.ndarray, "H W 3"],
    hole: Bool[np.ndarray, "H W"],
    part: Int[np.ndarray, "H W"],
    near: Bool[np.ndarray, "H W"],
) -> Float[np.ndarray, "H W 3"]:
    """A picture whose parts meet without a step.

    Args:
        picture: RGB in [0, 255].
        hole: the pixels that may change.
        part: the same number where pixels belong together; outside the hole they all do, whatever it is.
        near: steps from or to these pixels may be seams.
    """
    part = np.where(hole, part, np.iinfo(np.int32).min)
    borders = [part[:, 1:] != part[:, :-1], part[1:] != part[:-1]]
    seams = [borders[0] & (near[:, 1:] | near[:, :-1]), borders[1] & (near[1:] | near[:-1])]
    window = window_of(hole)
    if window is None or not any(seam.any() for seam in seams):
        return picture
    pull, usual = np.zeros_like(picture, dtype=np.float32), _usual(picture, borders)
    for seam, step in zip(seams, (1, hole.shape[1]), strict=True):
        _add_excess(pull, picture, usual, _first_of(seam, hole.shape), step)
    place, result = widen_window(window, 1, (hole.shape[0], hole.shape[1])), picture.copy()
    result[place] += _solved(pull[place], hole[place])
    return result


def _usual(picture: Float[np.ndarray, "H W 3"], borders: Sequence[Bool[np.ndarray, "_ _"]]) -> Float[np.ndarray, "H W"]:
    """The mean difference of neighbours of the same part, around each pixel."""
    total, count = np.zeros(picture.shape[:2], np.float32), np.zeros(picture.shape[:2], np.float32)
    sides = (slice(None), slice(1, None)), (slice(1, None), slice(None))
    pairs = (picture[:, 1:], picture[:, :-1]), (picture[1:], picture[:-1])
    for pair, border, side in zip(pairs, borders, sides, strict=True):
        inner = (~border).astype(np.float32)
        total[side] += cv2.transform(cv2.absdiff(*pair), np.full((1, 3), 1 / 3)) * inner
        count[side] += inner
    total_near, count_near = (cv2.GaussianBlur(plane, (0, 0), TEXTURE_PX) for plane in (total, count))
    return total_near / (count_near + 1e-6)


def _first_of(seam: Bool[np.ndarray, "_ _"], size: tuple[int, ...]) -> Int[np.ndarray, " N"]:
    """The numbers of the first pixels of pairs, row by row."""
    y, x = np.nonzero(seam)
    return y * size[1] + x


def _add_excess(
    pull: Float[np.ndarray, "H W 3"],
    picture: Float[np.ndarray, "H W 3"],
    usual: Float[np.ndarray, "H W"],
    first: Int[np.ndarray, " N"],
    away: int,
) -> None:
    """Adds to the pull at seams what steps to the pixels some numbers on have beyond what is usual."""
    rows, flat = picture.reshape(-1, 3), pull.reshape(-1, 3)
    second = first + away
    step = rows.take(second, axis=0) - rows.take(first, axis=0)
    size = np.abs(step).max(axis=-1)
    share = (1 - TEXTURE_SHARE * usual.ravel().take(second) / (size + 1e-6)).clip(0)
    excess = step * np.where(size < LARGEST_STEP, share, 0)[:, None]
    put_rows(flat, first, flat.take(first, axis=0) + excess)
    put_rows(flat, second, flat.take(second, axis=0) - excess)


class _Level(NamedTuple):
    """A hole at some size.

    Attributes:
        inside: 1 there, once per colour: NumPy takes several times as long where it has to repeat a plane.
        inverse: of the system if it is small.
    """

    inside: Float[np.ndarray, "h w 3"]
    inverse: Tensor | None


@in_full_precision
def _solved(pull: Float[np.ndarray, "H W 3"], hole: Bool[np.ndarray, "H W"]) -> Float[np.ndarray, "H W 3"]:
    """Solves 4 u - (sum of the neighbours) = pull inside the hole, with u = 0 outside."""
    levels = _levels(hole)
    result, left = np.zeros_like(pull), pull * levels[0].inside
    for _ in range(CYCLES):
        step, left = _cycle(levels, left)
        result += step
    return result


def _levels(hole: Bool[np.ndarray, "H W"]) -> list[_Level]:
    """The hole at its size and ever smaller ones, until it can be solved at once."""
    levels: list[_Level] = []
    while True:
        inside = cv2.merge([hole.astype(np.float32)] * 3)
        if np.count_nonzero(hole) <= MAX_UNKNOWN:
            return [*levels, _Level(inside, torch.linalg.inv(torch.from_numpy(_system(hole))))]
        levels.append(_Level(inside, None))
        hole = halved(inside)[..., 0] > LEAST_SHARE


def _system(hole: Bool[np.ndarray, "h w"]) -> Float[np.ndarray, "N N"]:
    """The matrix of the equations in a hole; what lies outside the picture is as its border."""
    y, x = np.nonzero(hole)
    number = np.full((hole.shape[0] + 2, hole.shape[1] + 2), -1)
    number[y + 1, x + 1] = own = np.arange(len(y))
    matrix = np.zeros((len(y), len(y)), np.float32)
    for down, right in NEIGHBOURS:
        row, column = y + down, x + right
        is_within = (row >= 0) & (row < hole.shape[0]) & (column >= 0) & (column < hole.shape[1])
        matrix[own, own] += is_within
        other = number[row + 1, column + 1]
        matrix[own[other >= 0], other[other >= 0]] = -1
    matrix[own, own] += RIDGE * bool(hole.all())
    return matrix


def _cycle(
    levels: list[_Level], left: Float[np.ndarray, "H W 3"]
) -> tuple[Float[np.ndarray, "H W 3"], Float[np.ndarray, "H W 3"]]:
    """One V-cycle of multigrid, which is exact at the smallest size: what to add, and what is left of the pull then."""
    inside, inverse = levels[0]
    if inverse is not None:
        index, result = np.flatnonzero(inside[..., 0]), np.zeros_like(left)
        put_rows(result.reshape(-1, 3), index, (inverse @ torch.from_numpy(left.reshape(-1, 3)[index])).numpy())
        return result, np.zeros_like(left)
    value, left = _relaxed(np.zeros_like(left), left, inside)
    added, _ = _cycle(levels[1:], 4 * halved(left) * levels[1].inside)
    large = cv2.resize(added, (2 * added.shape[1], 2 * added.shape[0]), interpolation=cv2.INTER_LINEAR)
    step = large[: left.shape[0], : left.shape[1]] * inside
    effect = _filtered(step, LAPLACE, inside)
    length = _length(step, effect, left)
    return _relaxed(cv2.scaleAdd(step, length, value, dst=value), cv2.scaleAdd(effect, length, left, dst=left), inside)


def _length(step: np.ndarray, effect: np.ndarray, left: np.ndarray) -> float:
    """How far to go into a direction so that the error becomes smallest.

    What is known between thin parts of a hole is lost at smaller sizes, so that directions found there can be many
    times too long.
    """
    return float(min(np.vdot(step, left) / max(-np.vdot(step, effect), 1e-12), LONGEST))


def _relaxed(value: np.ndarray, left: np.ndarray, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A value, which is written to, after a few steps towards what is left, and what is left then."""
    for weight in WEIGHTS:
        cv2.scaleAdd(left, weight, value, dst=value)
        left = _filtered(left, IDENTITY + np.float32(weight) * LAPLACE, inside)
    return value, left


def _filtered(value: np.ndarray, kernel: np.ndarray, inside: np.ndarray) -> np.ndarray:
    filtered = cv2.filter2D(value, -1, kernel, borderType=cv2.BORDER_REPLICATE)
    return cv2.multiply(filtered, inside, dst=filtered)
