"""L1 over a region.

Convention:
    "L1 over a region" sums absolute differences over the region's pixels and their three channels and divides by the
    number of its pixels, all clips and references together. An empty region costs nothing.
"""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from master_thesis.ops.precision import in_full_precision


@in_full_precision
def region_l1(
    predicted: Float[Tensor, "B C F H W"], true: Float[Tensor, "B C F H W"], region: Float[Tensor, "B 1 F H W"]
) -> Float[Tensor, ""]:
    """L1 over a region, see the module's convention.

    Args:
        predicted: what is judged.
        true: what it should be.
        region: 1 where it counts, else 0.
    """
    return ((predicted - true).abs() * region).sum() / region.sum().clamp(min=1)
