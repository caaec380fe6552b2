"""The running result of an algorithm: masked frames, their open pixels, and where each pixel came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from master_thesis.ops.image import fill_holes
from master_thesis.ops.mask import hole_percent
from master_thesis.records import MaskedFrames

HALLUCINATED = -1
"""In a source map: no frame shows this pixel, it was hallucinated."""
OPEN = -2
"""In a source map: this pixel is not filled yet."""


@dataclass(frozen=True)
class ClosedHole:
    """The finished pixels of one hole, exactly as the work continues with them.

    Attributes:
        hole: where they are.
        colours: RGB in [0, 1], row by row.
        source: as in a source map.
    """

    hole: Bool[Tensor, "H W"]
    colours: Float[Tensor, "3 N"]
    source: Int[Tensor, " N"]


@dataclass(frozen=True)
class Canvas:
    """Frames that are being filled; the one record of this package whose tensors are written to.

    Attributes:
        frames: masked frames, one row each.
        mask: 1 = open, still to be filled.
        source: number of the frame that shows the pixel (its own where known), ``HALLUCINATED`` or ``OPEN``.
        first: number of the first frame; 0 unless the sequence is part of a longer one.
        closed: holes that an interrupted run closed, by index, to be restored once the work is planned.
    """

    frames: Float[Tensor, "F 3 H W"]
    mask: Float[Tensor, "F 1 H W"]
    source: Int[Tensor, "F 1 H W"]
    first: int = 0
    closed: Mapping[int, ClosedHole] = field(default_factory=dict)

    @staticmethod
    def of(
        x: Float[Tensor, "3 F H W"],
        m: Float[Tensor, "1 F H W"],
        first: int = 0,
        source: Int[Tensor, "1 F H W"] | None = None,
    ) -> Canvas:
        """Copies a sequence, its holes in the colour ``FILL``.

        Args:
            x: frames.
            m: masks, 1 = hole.
            first: number of the first frame.
            source: where known pixels came from; None: they are original.
        """
        frames, mask = x.transpose(0, 1), m.transpose(0, 1).contiguous()
        own = torch.arange(first, first + frames.shape[0], dtype=torch.int32, device=x.device).view(-1, 1, 1, 1)
        known = own.expand_as(mask) if source is None else source.transpose(0, 1)
        return Canvas(fill_holes(frames, mask), mask.clone(), torch.where(mask > 0, OPEN, known), first)

    def clone(self) -> Canvas:
        """An independent copy."""
        return Canvas(self.frames.clone(), self.mask.clone(), self.source.clone(), self.first)

    def rows(self, indices: Sequence[int]) -> MaskedFrames:
        """Some frames with their visibility."""
        return MaskedFrames(self.frames[indices], 1 - self.mask[indices])

    def write(self, indices: Sequence[int], frames: Tensor, mask: Tensor, source: Tensor) -> None:
        """Replaces some frames."""
        self.frames[indices], self.mask[indices], self.source[indices] = frames, mask, source

    def closed_hole(self, t: int, hole: Bool[Tensor, "H W"]) -> ClosedHole:
        """The pixels of a hole of frame ``t``, exact, on the CPU."""
        return ClosedHole(hole.cpu(), self.frames[t][:, hole].cpu(), self.source[t, 0, hole].cpu())

    def restore_closed(self) -> None:
        """Puts the closed holes back."""
        for t, closed in self.closed.items():
            hole = closed.hole.to(self.mask.device)
            self.frames[t][:, hole] = closed.colours.to(self.frames)
            self.source[t, 0, hole] = closed.source.to(self.source)
            self.mask[t, 0, hole] = 0

    def open_percent(self, t: int) -> float:
        """The open share of frame ``t``, in percent."""
        return float(hole_percent(self.mask[t]))

    def open_frames(self) -> list[int]:
        """The frames with open pixels."""
        return torch.nonzero(self.mask.flatten(1).any(dim=1)).flatten().tolist()
