"""Matching of copies to the colours around a hole."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from master_thesis.ops.guided import continue_by_colour
from master_thesis.ops.push_pull import push_pull

WINDOW = 7
"""Side of the neighbourhood, in px, over which differences are averaged: texture that is not aligned cancels out."""
LARGEST = 0.2
"""Larger differences, in [0, 1], are another object, not another exposure."""
RELAXATIONS = 4
EDGE = 7
"""Side of the neighbourhood, in px, over which the worst agreement counts: the edges of an object belong to it."""
AGREEMENT_SCALE = 0.1
"""Mean difference around a hole, in [0, 1], at which the agreement falls to 1 / e."""


def harmonise(
    aligned: Float[Tensor, "N 3 H W"],
    seen: Float[Tensor, "N 1 H W"],
    target: Float[Tensor, "N 3 H W"],
    visible: Float[Tensor, "N 1 H W"],
) -> tuple[Float[Tensor, "N 3 H W"], Float[Tensor, "N 1 H W"]]:
    """Adds to references the difference to their targets, measured where both are known and continued into the holes.

    The result meets the target without a step at the border of a hole, whatever the change of exposure.

    Args:
        aligned: references brought onto the targets.
        seen: 1 where they are known.
        target: masked targets.
        visible: 1 where these are known.

    Returns:
        The matched references, and how well they agreed with the targets nearby before, in [0, 1].
    """
    difference, common = target - aligned, seen * visible
    size = difference.abs()
    both = common * (size.amax(dim=1, keepdim=True) < LARGEST)
    correction = _continued(difference, both, visible)
    # A change of exposure of the entire frame is no disagreement.
    shift = (difference * both).sum(dim=(2, 3), keepdim=True) / (both.sum(dim=(2, 3), keepdim=True) + 1e-6)
    error = (difference - shift).abs().mean(dim=1, keepdim=True)
    # What a reference shows in the hole agrees as much as what looks like it around the hole.
    continued = continue_by_colour(error, common, aligned, (visible == 0).to(common))
    continued = F.max_pool2d(continued, EDGE, stride=1, padding=EDGE // 2)
    around = _mean(error * common) / (_mean(common) + 1e-6)
    error = torch.where(visible > 0, around, continued)
    return (aligned + correction).clamp(0, 1), torch.exp(-((error / AGREEMENT_SCALE) ** 2))


def _continued(planes: Tensor, where: Tensor, visible: Tensor) -> Tensor:
    """Local means of known values, continued into the holes."""
    share = _mean(where)
    weights = (share > 0.1).to(share) * (visible > 0)
    return push_pull(_mean(planes * where) / (share + 1e-6), weights, RELAXATIONS)


def _mean(planes: Tensor) -> Tensor:
    return F.avg_pool2d(planes, WINDOW, stride=1, padding=WINDOW // 2, count_include_pad=False)
