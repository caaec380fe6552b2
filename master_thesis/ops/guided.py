"""Continues known values into a hole along regions of similar colour."""

from __future__ import annotations

import math

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from master_thesis.ops.precision import in_full_precision

MAX_CELLS = 8192
"""Values are continued on a grid of at most so many cells."""
LEAST_SIDE = 2
"""Least side of a cell, in px."""
RING_CELLS = 3
"""Width of the ring around a hole from which values are continued."""
COLOUR_SCALE = 0.07
"""Difference of colours, in [0, 1], at which a weight falls to exp(-1/2)."""
REACH = 0.5
"""Distance at which a weight falls to exp(-1/2), relative to the square root of the area of the hole."""
NUM_STEPS = 10
"""Steps from place to place."""
LEAST_EXPONENT = -80.0
"""Below, weights would be denormal numbers, with which processors are ten times as slow; sums do not show them."""
LEAST_WEIGHT = 1e-3
"""Weight of colours that differ entirely: what resembles nothing around the hole takes the mean of what is near."""


def continue_by_colour(
    values: Float[Tensor, "N 1 H W"],
    known: Float[Tensor, "N 1 H W"],
    guide: Float[Tensor, "N 3 H W"],
    holes: Float[Tensor, "N 1 H W"],
) -> Float[Tensor, "N 1 H W"]:
    """Weighted means of the values around a hole: near ones in places whose colour is similar count most.

    Args:
        values: to be continued.
        known: 1 where they are known.
        guide: colours, known inside the holes, too.
        holes: 1 inside.

    Returns:
        The means, which hold inside the holes alone; 0 where nothing is known around a hole.
    """
    height, width = values.shape[-2:]
    side = max(math.ceil(math.sqrt(height * width / MAX_CELLS)), LEAST_SIDE)
    share = _cells(known, side)
    mean = _cells(values * known, side) / (share + 1e-6)
    is_hole, colours = _cells(holes, side) > 0, _cells(guide, side)
    ring = F.max_pool2d(is_hole.to(values), 2 * RING_CELLS + 1, 1, RING_CELLS) > 0
    is_source = ring & (share > 0.5)
    rows = [_row(*planes) for planes in zip(mean, colours, is_hole[:, 0], is_source[:, 0], strict=True)]
    return F.interpolate(torch.stack(rows), size=(height, width), mode="nearest")


def _cells(planes: Tensor, side: int) -> Tensor:
    return F.avg_pool2d(planes, side, ceil_mode=True, count_include_pad=False)


@in_full_precision
def spread_by_colour(
    values: Float[np.ndarray, "H W"],
    colours: Float[np.ndarray, "H W 3"],
    places: Bool[np.ndarray, "H W"],
    sources: Bool[np.ndarray, "H W"],
    reach: float = REACH,
) -> Float[np.ndarray, " N"]:
    """Spreads values to places, also from place to place: what resembles no source may resemble what does.

    Args:
        values: to be averaged.
        colours: of places and sources, in [0, 255].
        places: where the means are asked for.
        sources: where the values are known.
        reach: distance at which a weight falls to exp(-1/2), relative to the square root of the number of places.

    Returns:
        The means at the places, row by row; 0 if there are no sources.
    """
    at, of = np.flatnonzero(places), np.flatnonzero(sources)
    known_values = values.ravel().take(of).astype(np.float32)
    if not known_values.any() or not len(at):
        return np.zeros(len(at), np.float32)
    index = np.concatenate((of, at))
    features = np.zeros((2, 3, len(index)), np.float32)
    features[0, :2] = np.divmod(index, places.shape[1])
    features[0] /= reach * math.sqrt(len(at))
    np.divide(colours.reshape(-1, 3).take(index, axis=0).T, 255 * COLOUR_SCALE, out=features[1])
    near, alike = _nearness(features, len(of))
    alike += np.float32(LEAST_WEIGHT)
    near *= alike
    near += np.float32(1e-12)
    return _settled(torch.from_numpy(near), torch.from_numpy(known_values)).numpy()


def _settled(weights: Float[Tensor, "N M"], known_values: Float[Tensor, " S"]) -> Float[Tensor, " N"]:
    """Means over sources with known values, the first ones, and then over the means of all other places as well."""
    known, own = weights.split((len(known_values), len(weights)), dim=1)
    own.fill_diagonal_(0)
    sums, share = known @ known_values, known.sum(dim=1)
    means, total = sums / share, weights.sum(dim=1)
    for _ in range(NUM_STEPS):
        means = torch.addmv(sums, own, means).div_(total)
    return means


def _nearness(features: Float[np.ndarray, "K 3 M"], first: int) -> Float[np.ndarray, "K N M"]:
    """``exp(-distance**2 / 2)`` from points, all but the first ones, to all points, by each of several features.

    One product of matrices takes a tenth of the time that distances take; by torch, because NumPy's library starts
    threads.
    """
    count = features.shape[2]
    centred = features - features.mean(axis=2, keepdims=True)
    one, other = np.ones((2, len(features), 5, count), np.float32)
    one[:, :3] = other[:, :3] = centred
    one[:, 3] = other[:, 4] = (centred**2).sum(axis=1) / -2
    exponent = (torch.from_numpy(one[..., first:]).mT @ torch.from_numpy(other)).numpy()
    np.clip(exponent, LEAST_EXPONENT, 0, out=exponent)
    flat = exponent.reshape(-1, count)
    return cv2.exp(flat, flat).reshape(exponent.shape)


def _weights(at: Tensor, of: Tensor, colours_at: Tensor, colours_of: Tensor, scale: float) -> Tensor:
    """How much each source counts at each place, where the frames are; on the CPU, :func:`_nearness` is much faster.

    Args:
        at: places.
        of: sources.
        colours_at: of the places.
        colours_of: of the sources.
        scale: distance at which a weight falls to exp(-1/2).
    """
    apart, unlike = torch.cdist(at, of) / scale, torch.cdist(colours_at, colours_of) / COLOUR_SCALE
    return torch.exp(-(apart**2) / 2) * (torch.exp(-(unlike**2) / 2) + LEAST_WEIGHT) + 1e-12


def _row(mean: Tensor, colours: Tensor, is_hole: Tensor, is_source: Tensor) -> Tensor:
    """The same for one frame, in cells."""
    result = torch.zeros_like(mean)
    places, sources = is_hole.nonzero(), is_source.nonzero()
    if len(places) and len(sources):
        tones = colours[:, is_hole].T, colours[:, is_source].T
        weights = _weights(places.to(mean), sources.to(mean), *tones, REACH * math.sqrt(len(places)))
        result[0, is_hole] = weights @ mean[0, is_source] / weights.sum(dim=1)
    return result
