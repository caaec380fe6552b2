"""Smooth continuation of values into holes, from coarse to fine."""

from __future__ import annotations

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

EPSILON = 1e-6


def push_pull(
    values: Float[Tensor, "N C H W"], weights: Float[Tensor, "N 1 H W"], relaxations: int = 0
) -> Float[Tensor, "N C H W"]:
    """Keeps values where their weight is 1 and continues them smoothly where it is 0 (push-pull).

    Args:
        values: planes to continue; read only where the weight is above 0.
        weights: trust in each value, in [0, 1].
        relaxations: number of times, at each size, that unknown values become the mean of their neighbours; with more
            of them the result approaches a membrane stretched over the hole (Laplace's equation, by multigrid).

    Source: Gortler et al., The Lumigraph, 1996, section 3.4.
    """
    h, w = values.shape[-2:]
    if min(h, w) == 1:
        mean = (values * weights).sum(dim=(-2, -1), keepdim=True) / (weights.sum(dim=(-2, -1), keepdim=True) + EPSILON)
        return weights * values + (1 - weights) * mean
    share = F.avg_pool2d(weights, 2, ceil_mode=True)
    known, is_open = weights * values, 1 - weights
    colours = F.avg_pool2d(known, 2, ceil_mode=True) / (share + EPSILON)
    # A coarse cell is as certain as its best-known quarter: twice the mean, at most 1.
    coarse = push_pull(colours, (2 * share).clamp(max=1), relaxations)
    filled = known + is_open * F.interpolate(coarse, (h, w), mode="bilinear", align_corners=False)
    for _ in range(relaxations):
        filled = known + is_open * _neighbours(filled)
    return filled


def _neighbours(x: Float[Tensor, "N C H W"]) -> Float[Tensor, "N C H W"]:
    """The mean of the four neighbours; the border is repeated outwards."""
    p = F.pad(x, (1, 1, 1, 1), mode="replicate")
    return (p[..., :-2, 1:-1] + p[..., 2:, 1:-1] + p[..., 1:-1, :-2] + p[..., 1:-1, 2:]) / 4
