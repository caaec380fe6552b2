"""The contract between an aligner and its users."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from master_thesis.models.frozen import Frozen
from master_thesis.ops.grid import warp
from master_thesis.ops.mask import copyable_map
from master_thesis.records import Alignment, MaskedFrames

ALL_KNOWN = 0.999
"""Bilinear visibility from which no hole contributed to a colour."""


@dataclass(frozen=True)
class Encoded:
    """N masked frames with everything an aligner has computed from each of them alone.

    Attributes:
        frames: the frames, ``(N, 3, H, W)``, holes in the colour ``FILL``.
        codes: tensors with N rows each; their meaning is private to the aligner.
    """

    frames: MaskedFrames
    codes: tuple[Tensor, ...] = ()

    def __len__(self) -> int:
        return len(self.frames)

    def rows(self, indices: Sequence[int]) -> Encoded:
        """Some of the N rows, in the given order."""
        return Encoded(self.frames.rows(indices), tuple(code[indices] for code in self.codes))


class Aligner(ABC):
    """Brings reference frames onto a target.

    An aligner first encodes every frame on its own, which its users may keep while the frame stays the same, and then
    aligns targets and references that are encoded. Subclasses implement these two steps; :meth:`align` is the published
    call, which does both.

    Convention:
        Frames are RGB in [0, 1] with their holes in the colour ``FILL``. The result has the target's size; positions
        outside a reference are black and not visible.
    """

    def align(
        self,
        x_target: Float[Tensor, "B 3 H W"],
        m_target: Float[Tensor, "B 1 H W"],
        x_refs: Float[Tensor, "B 3 F H W"],
        m_refs: Float[Tensor, "B 1 F H W"],
    ) -> Alignment:
        """Brings every reference onto the target.

        Args:
            x_target: masked target.
            m_target: its mask, 1 = hole.
            x_refs: masked references.
            m_refs: their masks.
        """
        pairs = self.encode_clips(MaskedFrames(x_target, 1 - m_target), MaskedFrames(x_refs, 1 - m_refs))
        return self.align_encoded(*pairs)

    def encode_clips(self, target: MaskedFrames, refs: MaskedFrames) -> tuple[Encoded, Encoded]:
        """Encodes masked targets ``(B, 3, H, W)`` and references ``(B, 3, F, H, W)``, every target once."""
        parts = ((target.colours, refs.colours), (target.visible, refs.visible))
        clips = MaskedFrames(*(torch.cat((t.unsqueeze(2), r), dim=2) for t, r in parts))
        num_frames = clips.colours.shape[2]
        encoded = self.encode(clips.folded())
        indices = range(len(encoded))
        targets = [i for i in indices if i % num_frames == 0]
        return encoded.rows(targets), encoded.rows([i for i in indices if i % num_frames])

    @abstractmethod
    def encode(self, frames: MaskedFrames) -> Encoded:
        """Computes what depends on single frames alone.

        Args:
            frames: N masked frames, ``(N, 3, H, W)``.
        """

    @abstractmethod
    def align_encoded(self, target: Encoded, refs: Encoded) -> Alignment:
        """Brings encoded references onto encoded targets.

        Args:
            target: B targets.
            refs: F references for each of them, in rows: first those of the first target.
        """


@runtime_checkable
class AlignsPairs(Protocol):
    """Anything with the published call of an aligner."""

    def align(self, x_target: Tensor, m_target: Tensor, x_refs: Tensor, m_refs: Tensor) -> Alignment:
        """Brings every reference onto the target (see :meth:`Aligner.align`)."""
        ...


class PairAligner(Aligner):
    """Adapts an object that has only the published call ``align``.

    Args:
        adapted: the object.
    """

    def __init__(self, adapted: AlignsPairs) -> None:
        self.adapted = adapted

    def encode(self, frames: MaskedFrames) -> Encoded:
        """Keeps the frames alone."""
        return Encoded(frames)

    def align_encoded(self, target: Encoded, refs: Encoded) -> Alignment:
        """Calls the adapted object."""
        clips = refs.frames.unfolded(len(target))
        return self.adapted.align(target.frames.colours, target.frames.mask, clips.colours, clips.mask)


def as_aligner(aligner: Any) -> Aligner:
    """An aligner as it is; anything else that has its published call, adapted."""
    return aligner if isinstance(aligner, Aligner) else PairAligner(aligner)


class FrozenAligner(Aligner, Frozen):
    """An aligner that its owner uses but does not train: always in eval mode, never with gradients.

    Args:
        aligner: the aligner; if it is a module, it moves between devices with its owner.
    """

    def __init__(self, aligner: Aligner | nn.Module) -> None:
        super().__init__()
        self.aligner = aligner
        self.freeze()

    @torch.no_grad()
    def encode(self, frames: MaskedFrames) -> Encoded:
        """Encodes frames (contract: :class:`Aligner`)."""
        return as_aligner(self.aligner).encode(frames)

    @torch.no_grad()
    def align_encoded(self, target: Encoded, refs: Encoded) -> Alignment:
        """Aligns encoded frames (contract: :class:`Aligner`)."""
        return as_aligner(self.aligner).align_encoded(target, refs)


def alignment_from_grid(
    grid: Float[Tensor, "B F H W 2"], visible_target: Float[Tensor, "B 1 H W"], refs: MaskedFrames
) -> Alignment:
    """Samples references at a grid: colours bilinearly, visibility by nearest.

    Args:
        grid: position of each target pixel in each reference.
        visible_target: 1 where the target is known.
        refs: masked references, ``(B, 3, F, H, W)``.
    """
    visible = warp(refs.visible, grid, mode="nearest")
    return Alignment(warp(refs.colours, grid), visible, copyable_map(visible, visible_target), grid=grid)


def trusted_alignment(
    grid: Float[Tensor, "B F H W 2"],
    confidence: Float[Tensor, "B 1 F H W"],
    threshold: float | Float[Tensor, "B 1 F 1 1"],
    visible_target: Float[Tensor, "B 1 H W"],
    refs: MaskedFrames,
) -> Alignment:
    """Samples references where a grid is trusted; everything else counts as not visible and is not copied.

    Stricter than :func:`alignment_from_grid`: a pixel is visible only if every pixel that contributes to its colour is
    known. Otherwise the colour of the holes would creep inwards from their edges, further with every copy of a copy.

    Args:
        grid: position of each target pixel in each reference.
        confidence: trust in each position, in [0, 1].
        threshold: smallest confidence that counts.
        visible_target: 1 where the target is known.
        refs: masked references, ``(B, 3, F, H, W)``.
    """
    confidence = confidence * (warp(refs.visible, grid) > ALL_KNOWN)
    visible = (confidence >= threshold).to(refs.colours.dtype)
    return Alignment(warp(refs.colours, grid), visible, copyable_map(visible, visible_target), confidence, grid)
