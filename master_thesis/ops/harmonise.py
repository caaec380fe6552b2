"""Matching of copies to the colours around a hole."""

from __future__ import annotations

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from master_thesis.ops.push_pull import push_pull

WINDOW = 7
"""Side of the neighbourhood, in px, over which differences are averaged: texture that is not aligned cancels out."""
LARGEST = 0.2
"""Larger differences, in [0, 1], are another object, not another exposure."""
RELAXATIONS = 4


def harmonise(
    aligned: Float[Tensor, "N 3 H W"],
    seen: Float[Tensor, "N 1 H W"],
    target: Float[Tensor, "N 3 H W"],
    visible: Float[Tensor, "N 1 H W"],
) -> Float[Tensor, "N 3 H W"]:
    """Adds to references the difference to their targets, measured where both are known and continued into the holes.

    The result meets the target without a step at the border of a hole, whatever the change of exposure.

    Args:
        aligned: references brought onto the targets.
        seen: 1 where they are known.
        target: masked targets.
        visible: 1 where these are known.
    """
    difference = target - aligned
    both = seen * visible * (difference.abs().amax(dim=1, keepdim=True) < LARGEST)
    share = _mean(both)
    smooth = _mean(difference * both) / (share + 1e-6)
    weights = (share > 0.1).to(share) * (visible > 0)
    return (aligned + push_pull(smooth, weights, RELAXATIONS)).clamp(0, 1)


def _mean(planes: Tensor) -> Tensor:
    return F.avg_pool2d(planes, WINDOW, stride=1, padding=WINDOW // 2, count_include_pad=False)
