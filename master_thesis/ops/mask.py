"""Holes: where pixels can be copied, and how much of a frame is open."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def copyable_map(
    visible_aligned: Float[Tensor, "B 1 F H W"], visible_target: Float[Tensor, "B 1 H W"]
) -> Float[Tensor, "B 1 F H W"]:
    """1 where the aligned reference shows what the target hides, else 0 (thesis: v_map).

    >>> visible_aligned = torch.tensor([[[[[0.0, 1.0, 0.0, 1.0]]]]])
    >>> visible_target = torch.tensor([[[[1.0, 1.0, 0.0, 0.0]]]])
    >>> copyable_map(visible_aligned, visible_target).flatten()
    tensor([0., 0., 0., 1.])
    """
    return (visible_aligned - visible_target.unsqueeze(2)).clamp(0, 1)


def hole_percent(mask: Float[Tensor, "*lead 1 H W"]) -> Float[Tensor, "*lead"]:
    """The hole's share of each frame, in percent.

    >>> hole_percent(torch.tensor([[[1.0, 0.0, 0.0, 0.0]]]))
    tensor(25.)
    """
    # Counted first: a mean would round, and 15 % of the pixels could exceed 15 %.
    return mask.sum(dim=(-3, -2, -1), dtype=torch.float32) * 100 / mask.shape[-2:].numel()
