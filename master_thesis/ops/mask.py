"""Arithmetic of holes."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor


def copyable_map(
    visible_aligned: Float[Tensor, "B 1 F H W"], mask_target: Float[Tensor, "B 1 H W"]
) -> Float[Tensor, "B 1 F H W"]:
    """1 where the target hides what the aligned reference shows, else 0 (thesis: v_map)."""
    return (visible_aligned - (1 - mask_target).unsqueeze(2)).clamp(0, 1)


def hole_percent(mask: Float[Tensor, "*lead 1 H W"]) -> Float[Tensor, "*lead"]:
    """The hole's share of each frame, in percent."""
    return mask.float().mean(dim=(-3, -2, -1)) * 100
