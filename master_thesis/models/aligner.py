"""The contract between an aligner and everything that uses one."""

from __future__ import annotations

from typing import Protocol, cast, runtime_checkable

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from master_thesis.models.frozen import Frozen
from master_thesis.ops.grid import warp
from master_thesis.ops.mask import copyable_map
from master_thesis.records import Alignment

ALL_KNOWN = 0.999
"""Bilinear visibility from which no hole was mixed in."""


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


@runtime_checkable
class EncodingAligner(Aligner, Protocol):
    """An aligner that first looks at every frame on its own: what it sees can be kept while the frame stays the same.

    Whoever inherits from it gets ``align``: ``encode`` on every frame and then ``align_encoded``.
    """

    def align(
        self,
        x_target: Float[Tensor, "B 3 H W"],
        m_target: Float[Tensor, "B 1 H W"],
        x_refs: Float[Tensor, "B 3 F H W"],
        m_refs: Float[Tensor, "B 1 F H W"],
    ) -> Alignment:
        """Brings every reference onto the target (contract: :class:`Aligner`)."""
        codes = encode_all(self, x_target, m_target, x_refs, m_refs)
        return self.align_encoded(x_target, m_target, x_refs, m_refs, *codes)

    def encode(self, x: Float[Tensor, "N 3 H W"], m: Float[Tensor, "N 1 H W"]) -> Float[Tensor, "N *code"]:
        """What there is to know of masked frames, each on its own."""
        ...

    def align_encoded(
        self,
        x_target: Float[Tensor, "B 3 H W"],
        m_target: Float[Tensor, "B 1 H W"],
        x_refs: Float[Tensor, "B 3 F H W"],
        m_refs: Float[Tensor, "B 1 F H W"],
        code_target: Float[Tensor, "B *code"],
        code_refs: Float[Tensor, "B F *code"],
    ) -> Alignment:
        """Brings every reference onto the target, given what ``encode`` makes of them."""
        ...


def encode(aligner: Aligner, x: Float[Tensor, "N 3 H W"], m: Float[Tensor, "N 1 H W"]) -> Float[Tensor, "N *code"]:
    """What an aligner knows of masked frames, each on its own; of one that looks at pairs alone, nothing (N, 0)."""
    return aligner.encode(x, m) if isinstance(aligner, EncodingAligner) else x.new_empty(len(x), 0)


def encode_all(
    aligner: EncodingAligner,
    x_target: Float[Tensor, "B 3 H W"],
    m_target: Float[Tensor, "B 1 H W"],
    x_refs: Float[Tensor, "B 3 F H W"],
    m_refs: Float[Tensor, "B 1 F H W"],
) -> tuple[Float[Tensor, "B *code"], Float[Tensor, "B F *code"]]:
    """The codes of targets and references: every target once, however many references it has."""
    frames = torch.cat((x_target.unsqueeze(2), x_refs), dim=2)
    masks = torch.cat((m_target.unsqueeze(2), m_refs), dim=2)
    folded = (rearrange(video, "b c f h w -> (b f) c h w") for video in (frames, masks))
    codes = aligner.encode(*folded).unflatten(0, frames.shape[:3:2])
    return codes[:, 0], codes[:, 1:]


def align_encoded(
    aligner: Aligner,
    x_target: Float[Tensor, "B 3 H W"],
    m_target: Float[Tensor, "B 1 H W"],
    x_refs: Float[Tensor, "B 3 F H W"],
    m_refs: Float[Tensor, "B 1 F H W"],
    code_target: Float[Tensor, "B *code"],
    code_refs: Float[Tensor, "B F *code"],
) -> Alignment:
    """What any aligner makes of frames and of what :func:`encode` says of them."""
    if isinstance(aligner, EncodingAligner):
        return aligner.align_encoded(x_target, m_target, x_refs, m_refs, code_target, code_refs)
    return aligner.align(x_target, m_target, x_refs, m_refs)


class FrozenAligner(Frozen):
    """An aligner that something else uses but does not train: always in eval mode, never with a gradient.

    Args:
        aligner: a module with the verb ``align``.
    """

    def __init__(self, aligner: nn.Module) -> None:
        super().__init__()
        self.aligner = aligner
        self.freeze()

    @torch.no_grad()
    def align(
        self,
        x_target: Float[Tensor, "B 3 H W"],
        m_target: Float[Tensor, "B 1 H W"],
        x_refs: Float[Tensor, "B 3 F H W"],
        m_refs: Float[Tensor, "B 1 F H W"],
    ) -> Alignment:
        """What the aligner does (contract: :class:`Aligner`)."""
        return cast(Aligner, self.aligner).align(x_target, m_target, x_refs, m_refs)

    @torch.no_grad()
    def encode(self, x: Float[Tensor, "N 3 H W"], m: Float[Tensor, "N 1 H W"]) -> Float[Tensor, "N *code"]:
        """What the aligner knows of each frame, if anything (contract: :class:`EncodingAligner`)."""
        return encode(cast(Aligner, self.aligner), x, m)

    @torch.no_grad()
    def align_encoded(
        self,
        x_target: Float[Tensor, "B 3 H W"],
        m_target: Float[Tensor, "B 1 H W"],
        x_refs: Float[Tensor, "B 3 F H W"],
        m_refs: Float[Tensor, "B 1 F H W"],
        code_target: Float[Tensor, "B *code"],
        code_refs: Float[Tensor, "B F *code"],
    ) -> Alignment:
        """What the aligner does with them."""
        aligner = cast(Aligner, self.aligner)
        return align_encoded(aligner, x_target, m_target, x_refs, m_refs, code_target, code_refs)


def alignment_from_grid(
    grid: Float[Tensor, "B F H W 2"],
    m_target: Float[Tensor, "B 1 H W"],
    x_refs: Float[Tensor, "B 3 F H W"],
    m_refs: Float[Tensor, "B 1 F H W"],
) -> Alignment:
    """What a grid shows of the references: colours bilinear, visibility nearest."""
    visible = warp(1 - m_refs, grid, mode="nearest")
    return Alignment(warp(x_refs, grid), visible, copyable_map(visible, m_target), grid=grid)


def trusted_alignment(
    grid: Float[Tensor, "B F H W 2"],
    confidence: Float[Tensor, "B 1 F H W"],
    threshold: float | Float[Tensor, "B 1 F 1 1"],
    m_target: Float[Tensor, "B 1 H W"],
    x_refs: Float[Tensor, "B 3 F H W"],
    m_refs: Float[Tensor, "B 1 F H W"],
) -> Alignment:
    """What a grid shows of the references where it is trusted; the rest counts as not visible and is not copied.

    Stricter than :func:`alignment_from_grid`: a pixel counts as visible only if all that is mixed into its colour was
    known. Else the colour of the holes would creep inwards from their edges, a little with every copy of a copy.

    Args:
        grid: where each target pixel lies in the references.
        confidence: trust in each position.
        threshold: smallest confidence that counts.
        m_target: mask of the target.
        x_refs: masked references.
        m_refs: their masks.
    """
    confidence = confidence * (warp(1 - m_refs, grid) > ALL_KNOWN)
    visible = (confidence >= threshold).to(x_refs.dtype)
    return Alignment(warp(x_refs, grid), visible, copyable_map(visible, m_target), confidence, grid)
