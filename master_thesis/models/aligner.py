"""The contract between an aligner and everything that uses one."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from master_thesis.clip import Alignment
from master_thesis.ops.grid import warp
from master_thesis.ops.mask import copyable_map


@runtime_checkable
class Aligner(Protocol):
    """Anything that brings references onto a target."""

    def align(
        self,
        x_target: Float[Tensor, "B 3 H W"],
        m_target: Float[Tensor, "B 1 H W"],
        x_refs: Float[Tensor, "B 3 F H W"],
        m_refs: Float[Tensor, "B 1 F H W"],
    ) -> Alignment:
        """Brings every reference onto the target.

        Convention:
            The result has the target's size; what lies outside a reference is black and not visible.

        Args:
            x_target: masked target, RGB in [0, 1].
            m_target: its mask, 1 = hole.
            x_refs: masked references.
            m_refs: their masks.
        """
        ...


def alignment_from_grid(
    grid: Float[Tensor, "B F H W 2"],
    m_target: Float[Tensor, "B 1 H W"],
    x_refs: Float[Tensor, "B 3 F H W"],
    m_refs: Float[Tensor, "B 1 F H W"],
) -> Alignment:
    """What a grid shows of the references: colours bilinear, visibility nearest."""
    visible = warp(1 - m_refs, grid, mode="nearest")
    return Alignment(warp(x_refs, grid), visible, copyable_map(visible, m_target), grid=grid)
