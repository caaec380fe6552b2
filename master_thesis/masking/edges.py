"""Fits soft masks to the edges of their frames: what is near and has the same colour belongs together.

Source: pixels are collected in cells of place and colour, as in the bilateral grid (Chen et al., 2007).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import Float, Int, UInt8

from master_thesis.masking.carrying import GetFrame
from master_thesis.masking.evidence import guided
from master_thesis.masking.finishing import UNSURE
from master_thesis.masking.spans import FrameMask
from master_thesis.masking.views import SoftMask
from master_thesis.ops.mask import widen_window, window_of

FAINT = 0.05
"""Less than that is not looked at."""
MARGIN_PX = 24
"""Width of the background around it that colours are compared with."""
CELL_PX, COLOUR_CELLS = 16, (8, 12, 12)
"""Side of a cell, and number of cells of lightness and of both colour axes, of which the middle half counts."""
MAX_ODDS = 4.0
BAND_PX, SETTLED = 3, 0.03
"""Colours decide within this distance of pixels that are at least that far from certain."""


def fit_masks(masks: Iterable[FrameMask], frame_at: GetFrame) -> Iterator[FrameMask]:
    """Fits carried masks to their frames, which are given by number at the size of the masks."""
    for each in masks:
        yield replace(each, mask=fitted(frame_at(each.frame), each.mask))


def fitted(frame: UInt8[np.ndarray, "H W 3"], mask: SoftMask) -> SoftMask:
    """A soft mask with its outline at the edges of the frame.

    What was unsure stays unsure, so that removal still takes it.

    Args:
        frame: RGB.
        mask: the probability of being the object.
    """
    inside = window_of(mask > FAINT)
    if inside is None:
        return mask
    window = widen_window(inside, MARGIN_PX, (mask.shape[0], mask.shape[1]))
    part, soft = np.ascontiguousarray(frame[window]), mask[window].clip(0.002, 0.998)
    kernel = np.ones((2 * BAND_PX + 1, 2 * BAND_PX + 1), np.uint8)
    band = cv2.dilate((np.minimum(soft, 1 - soft) > SETTLED).astype(np.uint8), kernel)
    odds = np.log(soft / (1 - soft)) + band * _odds_of_cells(part, soft)
    grey = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    smooth = guided(grey, odds.astype(np.float32)).clip(-20, 20)
    found = mask.copy()
    found[window] = np.maximum(1 / (1 + np.exp(-smooth)), soft.clip(None, UNSURE))
    return found


def _odds_of_cells(image: UInt8[np.ndarray, "H W 3"], mask: SoftMask) -> Float[np.ndarray, "H W"]:
    """Log-odds that pixels in the same cell of place and colour, and in those beside it, are the object."""
    shape, cells = _cells(image)
    counts = []
    for weight in (mask, 1 - mask):
        grid = np.bincount(cells.ravel(), weight.ravel(), int(np.prod(shape))).reshape(shape)
        for axis in range(len(shape)):
            grid = _with_neighbours(grid, axis)
        counts.append(grid.ravel()[cells])
    return np.log(counts[0] / counts[1]).clip(-MAX_ODDS, MAX_ODDS)


def _cells(image: UInt8[np.ndarray, "H W 3"]) -> tuple[tuple[int, ...], Int[np.ndarray, "H W"]]:
    """Numbers of cells along each axis, and the cell of every pixel."""
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB).astype(np.float32) / 256
    lab[..., 1:] = 2 * lab[..., 1:] - 0.5
    y, x = np.mgrid[: image.shape[0], : image.shape[1]] // CELL_PX
    colours = [(lab[..., i] * n).astype(int).clip(0, n - 1) for i, n in enumerate(COLOUR_CELLS)]
    shape = (int(y.max()) + 1, int(x.max()) + 1, *COLOUR_CELLS)
    return shape, np.ravel_multi_index((y, x, *colours), shape)


def _with_neighbours(grid: np.ndarray, axis: int) -> np.ndarray:
    """Adds half of both neighbours along an axis, twice the whole."""
    lines = np.moveaxis(np.pad(grid, [(int(i == axis), int(i == axis)) for i in range(grid.ndim)]), axis, 0)
    return np.moveaxis(lines[:-2] + 2 * lines[1:-1] + lines[2:], 0, axis)
