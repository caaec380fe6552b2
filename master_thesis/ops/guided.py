"""Continues known values into a hole along regions of similar colour."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

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


def mean_by_colour(
    values: Float[np.ndarray, "H W"],
    colours: Float[np.ndarray, "H W 3"],
    places: Bool[np.ndarray, "H W"],
    sources: Bool[np.ndarray, "H W"],
    reach: float = REACH,
) -> Float[np.ndarray, " N"]:
    """The same means at some places, row by row, of the values at others; 0 if there are none.

    Args:
        values: to be averaged.
        colours: of places and sources, in [0, 255].
        places: where the means are asked for.
        sources: where the values are known.
        reach: distance at which a weight falls to exp(-1/2), relative to the square root of the number of places.
    """
    planes = torch.from_numpy(values)[None], torch.from_numpy(colours).permute(2, 0, 1) / 255
    return _row(*planes, torch.from_numpy(places), torch.from_numpy(sources), reach)[0].numpy()[places]


def _row(mean: Tensor, colours: Tensor, is_hole: Tensor, is_source: Tensor, reach: float = REACH) -> Tensor:
    """The same for one frame, in cells."""
    result = torch.zeros_like(mean)
    places, sources = is_hole.nonzero(), is_source.nonzero()
    if len(places) and len(sources):
        apart = torch.cdist(places.to(mean), sources.to(mean)) / (reach * math.sqrt(len(places)))
        unlike = torch.cdist(colours[:, is_hole].T, colours[:, is_source].T) / COLOUR_SCALE
        weights = torch.exp(-(apart**2) / 2) * (torch.exp(-(unlike**2) / 2) + LEAST_WEIGHT) + 1e-12
        result[0, is_hole] = weights @ mean[0, is_source] / weights.sum(dim=1)
    return result
