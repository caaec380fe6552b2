"""Painting in a crop around the hole: the time and memory of a painting then depend on the hole, not on the frame."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from master_thesis.models.hallucinator import Hallucinator
from master_thesis.records import Alignment, Hallucination, MaskedFrames

MARGIN_PX = 64
"""Surroundings of the hole that are painted from, at least."""
MULTIPLE = 32
"""Crops start and end at multiples of this, so that networks reduce the same pixels together as in the entire frame."""

Rectangle = tuple[slice, slice]


class CroppedHallucinator(Hallucinator):
    """Paints the part of the frames around their holes; outside it, predictions are the targets themselves.

    Args:
        inner: paints it.
    """

    def __init__(self, inner: Hallucinator) -> None:
        self.inner = inner
        self.paints_copies = inner.paints_copies

    def hallucinate(self, target: MaskedFrames, alignment: Alignment) -> Hallucination:
        """Paints the target (contract: :class:`~master_thesis.models.hallucinator.Hallucinator`)."""
        place = around_holes(target.visible)
        if place is None:
            known = target.colours.unsqueeze(2).expand_as(alignment.aligned)
            return Hallucination(known, known)
        if target.visible[:, :, *place].shape == target.visible.shape:
            return self.inner.hallucinate(target, alignment)
        painted = self.inner.hallucinate(
            MaskedFrames(target.colours[:, :, *place], target.visible[:, :, *place]), _cropped(alignment, place)
        )
        return Hallucination(*(_pasted(part, target, place) for part in painted))


def around_holes(visible: Float[Tensor, "N 1 H W"]) -> Rectangle | None:
    """Rows and columns around the holes of all frames, with a margin; None: there is no hole."""
    hole = (visible < 1).any(dim=0)[0]
    sides = hole.any(dim=1), hole.any(dim=0)
    if not bool(sides[0].any()):
        return None
    rows, columns = (_with_margin(torch.nonzero(side).flatten(), len(side)) for side in sides)
    return rows, columns


def _with_margin(places: Tensor, length: int) -> slice:
    first, last = int(places[0]), int(places[-1])
    start, stop = max(first - MARGIN_PX, 0), last + 1 + MARGIN_PX
    return slice(start // MULTIPLE * MULTIPLE, min(-(-stop // MULTIPLE) * MULTIPLE, length))


def _cropped(alignment: Alignment, place: Rectangle) -> Alignment:
    aligned, visible, copyable = (plane[..., *place] for plane in alignment)
    confidence = None if alignment.confidence is None else alignment.confidence[..., *place]
    grid = None if alignment.grid is None else alignment.grid[:, :, *place]
    return Alignment(aligned, visible, copyable, confidence, grid)


def _pasted(part: Tensor, target: MaskedFrames, place: Rectangle) -> Tensor:
    frames = target.colours.unsqueeze(2).repeat(1, 1, part.shape[2], 1, 1)
    frames[..., *place] = part.to(frames.dtype)
    return frames
