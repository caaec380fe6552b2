"""Copies that the aligner doubts, kept for pixels that nothing better fills."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from master_thesis.inpainting.canvas import Canvas
from master_thesis.records import Alignment

MIN_CONFIDENCE = 0.02
"""Copies that are doubted more are worse than none: they show something else."""


@dataclass(frozen=True)
class Candidate:
    """The best doubtful copy of every pixel of one frame.

    Attributes:
        colours: RGB in [0, 1].
        confidence: the aligner's, in [0, 1]; 0 where there is no copy.
        source: number of the frame that the copy comes from.
    """

    colours: Float[Tensor, "3 H W"]
    confidence: Float[Tensor, "1 H W"]
    source: Int[Tensor, "1 H W"]

    def better(self, other: Candidate) -> Candidate:
        """The more confident copy of every pixel."""
        is_better = other.confidence > self.confidence
        return Candidate(
            torch.where(is_better, other.colours, self.colours),
            torch.maximum(other.confidence, self.confidence),
            torch.where(is_better, other.source, self.source),
        )


class DoubtfulCopies:
    """Remembers the copies of every frame that were shown but not trusted.

    Args:
        canvas: the running result; copies are kept for its open pixels alone.
    """

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        self._best: dict[int, Candidate] = {}

    def remember(self, targets: Sequence[int], alignment: Alignment, source: Int[Tensor, "B 1 H W"]) -> None:
        """Keeps the more confident copies; aligners without a confidence have none.

        Args:
            targets: the target of every row.
            alignment: one reference per target.
            source: the frame that each aligned pixel comes from.
        """
        if alignment.confidence is None:
            return
        for row, t in enumerate(targets):
            is_doubted = (self.canvas.mask[t] > 0) & (alignment.copyable[row, :, 0] == 0)
            confidence = alignment.confidence[row, :, 0] * is_doubted
            confidence = confidence * (confidence > MIN_CONFIDENCE)
            new = Candidate(alignment.aligned[row, :, 0], confidence, source[row])
            self._best[t] = self._best[t].better(new) if t in self._best else new

    def offer(
        self, targets: Sequence[int | None], alignment: Alignment, source: Int[Tensor, "B 1 H W"]
    ) -> tuple[Alignment, Int[Tensor, "B 1 H W"]]:
        """Adds the doubtful copies to an alignment and to the sources of its pixels.

        Args:
            targets: the target of every row; None: this row stays as it is.
            alignment: one reference per target.
            source: the frame that each aligned pixel comes from.
        """
        aligned, visible, copyable = (planes.clone() for planes in alignment)
        source = source.expand_as(copyable[:, :, 0]).clone()
        for row, t in enumerate(targets):
            best = None if t is None else self._best.pop(t, None)
            if t is None or best is None:
                continue
            is_used = (best.confidence > 0) & (self.canvas.mask[t] > 0) & (copyable[row, :, 0] == 0)
            aligned[row, :, 0] = torch.where(is_used, best.colours, aligned[row, :, 0])
            source[row] = torch.where(is_used, best.source, source[row])
            visible[row, :, 0] = torch.where(is_used, 1.0, visible[row, :, 0])
            copyable[row, :, 0] = torch.where(is_used, 1.0, copyable[row, :, 0])
        return replace(alignment, aligned=aligned, visible=visible, copyable=copyable), source
