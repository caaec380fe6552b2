"""Aligners that need no weights."""

import torch

from master_thesis.models.aligner import Aligner, Encoded, alignment_from_grid
from master_thesis.ops.grid import identity_grid


class StillCamera(Aligner, torch.nn.Module):
    """Leaves every reference where it is, and reports where it sampled."""

    def encode(self, frames):
        return Encoded(frames)

    def align_encoded(self, target, refs):
        clips = refs.frames.unfolded(len(target))
        b, _, f, h, w = clips.colours.shape
        grid = identity_grid(h, w).to(clips.colours.device).expand(b, f, h, w, 2)
        return alignment_from_grid(grid, target.frames.visible, clips)
