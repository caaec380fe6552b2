"""An aligner that shows nothing: every hole must be painted from its own frame alone."""

from __future__ import annotations

import torch
from torch import nn

from master_thesis.models.aligner import Aligner, Encoded
from master_thesis.records import Alignment, MaskedFrames


class BlindAligner(Aligner, nn.Module):
    """Shows nothing of any reference (contract: :class:`~master_thesis.models.aligner.Aligner`).

    With it a CHN learns to paint, and is measured as a method for still images.
    """

    def encode(self, frames: MaskedFrames) -> Encoded:
        """Keeps the frames alone."""
        return Encoded(frames)

    def align_encoded(self, target: Encoded, refs: Encoded) -> Alignment:
        """Returns references that are black and not visible anywhere."""
        clips = refs.frames.unfolded(len(target))
        nothing = torch.zeros_like(clips.visible)
        return Alignment(torch.zeros_like(clips.colours), nothing, nothing)
