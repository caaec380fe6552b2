"""A batch of clips as networks and losses take it: target and references apart, as floats."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from master_thesis.ops.image import fill_holes, to_float
from master_thesis.records import Clip


@dataclass(frozen=True)
class Views:
    """Target and references of a batch.

    Attributes:
        target: the true target, RGB in [0, 1].
        mask_target: its mask, 1 = hole.
        refs: the true references.
        mask_refs: their masks.
    """

    target: Float[Tensor, "B 3 H W"]
    mask_target: Float[Tensor, "B 1 H W"]
    refs: Float[Tensor, "B 3 F H W"]
    mask_refs: Float[Tensor, "B 1 F H W"]

    @property
    def masked(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """What an aligner is given: masked target, its mask, masked references, their masks."""
        return (
            fill_holes(self.target, self.mask_target),
            self.mask_target,
            fill_holes(self.refs, self.mask_refs),
            self.mask_refs,
        )


def views_of(clip: Clip) -> Views:
    """Splits a batch and turns its bytes into floats, on the device where it lies."""
    frames = to_float(clip.frames)
    mask = clip.mask.to(frames.dtype)
    t, r = clip.target_index, clip.ref_indices
    return Views(frames[:, :, t], mask[:, :, t], frames[:, :, r], mask[:, :, r])
