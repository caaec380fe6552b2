"""Correlation of features between all positions of two planes."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

EPSILON = 1e-9


def masked_correlation(
    features_target: Float[Tensor, "B C h w"],
    visible_target: Float[Tensor, "B 1 h w"],
    features_refs: Float[Tensor, "B C F h w"],
    visible_refs: Float[Tensor, "B 1 F h w"],
) -> Float[Tensor, "B F h w h w"]:
    """Cosine similarity of every target position with every position of every reference; 0 where one is hidden.

    Convention:
        Target positions come first: ``correlation[b, f, ty, tx, ry, rx]``.

    Source: thesis, DFPN, masked correlation.
    """
    target = _unit_length(features_target * visible_target)
    refs = _unit_length(features_refs * visible_refs)
    return torch.einsum("bcij,bcfkl->bfijkl", target, refs)


def _unit_length(features: Tensor) -> Tensor:
    return features / (features.norm(dim=1, keepdim=True) + EPSILON)
