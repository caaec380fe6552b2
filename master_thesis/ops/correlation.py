"""Correlation of features between all positions of two planes."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

EPSILON = 1e-9


def masked_directions(
    features: Float[Tensor, "N C h w"], visible: Float[Tensor, "N 1 h w"]
) -> Float[Tensor, "N C h w"]:
    """Features scaled to unit length, 0 where they are hidden; they depend on single frames, so they can be cached."""
    seen = features * visible
    return seen / (seen.norm(dim=1, keepdim=True) + EPSILON)


def masked_correlation(
    target: Float[Tensor, "B C h w"], refs: Float[Tensor, "B F C h w"]
) -> Float[Tensor, "B F h w h w"]:
    """Cosine similarity of every target position with every position of every reference; 0 where one is hidden.

    Convention:
        Target positions come first: ``correlation[b, f, ty, tx, ry, rx]``.

    Args:
        target: directions of the target, from :func:`masked_directions`.
        refs: directions of the references.

    Source: thesis, DFPN, masked correlation.
    """
    return torch.einsum("bcij,bfckl->bfijkl", target, refs)


def local_correlation(
    features_target: Float[Tensor, "N C h w"], features_ref: Float[Tensor, "N C h w"], radius: int
) -> Float[Tensor, "N K h w"]:
    """Mean product of every target position with the reference positions around the same place.

    Convention:
        Shifts run row by row, from (-radius, -radius) to (radius, radius); zero outside the reference.

    Args:
        features_target: features of the targets.
        features_ref: features of the references, already close to the targets.
        radius: reach, in positions; K = (2 radius + 1)^2.
    """
    h, w = features_target.shape[-2:]
    padded = F.pad(features_ref, (radius,) * 4)
    shifts = range(2 * radius + 1)
    around = [(features_target * padded[..., y : y + h, x : x + w]).mean(dim=1) for y in shifts for x in shifts]
    return torch.stack(around, dim=1)
