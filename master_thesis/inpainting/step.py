"""One fill step on (target, reference) pairs, in two verbs: align the references, then paint the targets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from master_thesis.configs.inpainting import InpaintOptions
from master_thesis.inpainting.batching import fitting_pairs, in_batches
from master_thesis.inpainting.canvas import HALLUCINATED, OPEN, Canvas
from master_thesis.inpainting.cropping import CroppedHallucinator
from master_thesis.inpainting.doubtful import DoubtfulCopies
from master_thesis.inpainting.feature_cache import FeatureCache
from master_thesis.models.aligner import Aligner
from master_thesis.models.hallucinator import Hallucinator, plain_copies
from master_thesis.models.painter import Painter
from master_thesis.ops.grid import warp
from master_thesis.ops.harmonise import harmonise
from master_thesis.ops.image import fill_holes
from master_thesis.ops.mask import hole_percent
from master_thesis.records import Alignment, MaskedFrames

MIN_AGREEMENT = 0.1
"""References that differ more from the target around a hole show something else and are not copied (exhaustive)."""


class Pair(NamedTuple):
    """Indices of the frame to fill and of the frame to copy from."""

    target: int
    ref: int


@dataclass(frozen=True)
class Copies:
    """What the references of some pairs show of their targets.

    Attributes:
        pairs: the pairs.
        alignment: one row per pair.
        open_percent: the share of each target that stays open once it is copied, in percent.
    """

    pairs: Sequence[Pair]
    alignment: Alignment
    open_percent: Sequence[float]


class FillStep:
    """Carries out fill steps on a canvas; the algorithms differ only in the order of the pairs and in their decisions.

    Args:
        aligner: brings references onto targets.
        hallucinator: paints the targets.
        canvas: where targets are read and written.
        refs: where references are read: ``canvas`` itself, or the original sequence.
        options: ``pair_batch`` and ``exhaustive`` count.
        on_closed: called with the frames completed; None: no progress is reported.
    """

    def __init__(
        self,
        aligner: Aligner,
        hallucinator: Hallucinator,
        canvas: Canvas,
        refs: Canvas,
        options: InpaintOptions,
        on_closed: Callable[[Sequence[int]], None] | None = None,
    ) -> None:
        is_cropped = options.exhaustive and not isinstance(hallucinator, Painter)  # painters crop by themselves
        self.hallucinator = CroppedHallucinator(hallucinator) if is_cropped else hallucinator
        self.canvas, self.refs = canvas, refs
        self.pair_batch = options.pair_batch or fitting_pairs(*canvas.mask.shape[2:], canvas.mask.device)
        self.doubtful = DoubtfulCopies(canvas) if options.exhaustive else None
        self.on_closed = on_closed
        self._targets = FeatureCache(aligner, canvas)
        self._refs = self._targets if refs is canvas else FeatureCache(aligner, refs)
        self._aligner = aligner

    def align(self, pairs: Sequence[Pair]) -> Iterator[Copies]:
        """Aligns pairs, batch by batch; the targets must differ and none may be another's reference."""
        size = tuple(self.canvas.mask.shape[2:])
        for start in range(0, len(pairs), self.pair_batch):
            batch = pairs[start : start + self.pair_batch]
            alignment = Alignment.join(in_batches(batch, size, self._align))
            targets = [p.target for p in batch]
            if self.doubtful is not None:
                alignment = self._harmonised(targets, alignment)
                self.doubtful.remember(targets, alignment, self._origin(batch, alignment))
            left = self.canvas.mask[targets] - alignment.copyable[:, :, 0]
            yield Copies(batch, alignment, hole_percent(left).tolist())

    def paint(self, copies: Copies, closing: Sequence[bool]) -> None:
        """Paints the targets, in place.

        Args:
            copies: what their references show of them.
            closing: whether each target is closed: its open pixels take the painted colours.
        """
        gains = copies.alignment.copyable.flatten(1).any(dim=1).tolist()
        # A pair that shows nothing new and does not close its target leaves it as it is.
        rows = [i for i, left in enumerate(copies.open_percent) if gains[i] or (closing[i] and left > 0)]

        def work(batch: Sequence[int]) -> None:
            pairs, is_closed = [copies.pairs[i] for i in batch], [closing[i] for i in batch]
            self._paint(pairs, copies.alignment.rows(batch), is_closed)

        in_batches(rows, tuple(self.canvas.mask.shape[2:]), work)
        if self.on_closed is not None and any(closing):
            self.on_closed([pair.target for pair, is_closed in zip(copies.pairs, closing, strict=True) if is_closed])

    def hallucinate(self, targets: Sequence[int]) -> None:
        """Closes frames that no reference shows anything of: everything open is hallucinated."""
        nothing = torch.zeros_like(self.canvas.mask[list(targets)]).unsqueeze(2)
        alignment = Alignment(nothing.expand(-1, 3, -1, -1, -1), nothing, nothing)
        pairs = [Pair(t, t) for t in targets]
        self.paint(
            Copies(pairs, alignment, hole_percent(self.canvas.mask[list(targets)]).tolist()), [True] * len(pairs)
        )

    def _harmonised(self, targets: Sequence[int], alignment: Alignment) -> Alignment:
        """References matched to the colours around the holes; those that show something else are hidden."""
        frames = self.canvas.rows(targets)
        trust = alignment.visible if alignment.confidence is None else (alignment.confidence > 0).to(frames.visible)
        aligned, agreement = harmonise(alignment.aligned[:, :, 0], trust[:, :, 0], frames.colours, frames.visible)
        agreement = agreement.unsqueeze(2)
        is_other = (agreement < MIN_AGREEMENT).to(alignment.copyable)
        return replace(
            alignment,
            aligned=aligned.unsqueeze(2),
            visible=alignment.visible * (1 - is_other),
            copyable=alignment.copyable * (1 - is_other),
            confidence=None if alignment.confidence is None else alignment.confidence * agreement,
        )

    def _align(self, pairs: Sequence[Pair]) -> Alignment:
        target = self._targets.encoded([p.target for p in pairs])
        return self._aligner.align_encoded(target, self._refs.encoded([p.ref for p in pairs]))

    def _paint(self, pairs: Sequence[Pair], alignment: Alignment, closing: Sequence[bool]) -> None:
        t, copyable = [p.target for p in pairs], alignment.copyable[:, :, 0]
        origin = self._origin(pairs, alignment)
        if self.doubtful is not None:
            closed = [target if is_closed else None for target, is_closed in zip(t, closing, strict=True)]
            alignment, origin = self.doubtful.offer(closed, alignment, origin)
            copyable = alignment.copyable[:, :, 0]
        composed = self._composed(self.canvas.rows(t), alignment, closing)
        is_closed = torch.tensor(closing, device=copyable.device).view(-1, 1, 1, 1)
        left = self.canvas.mask[t] - copyable
        source = torch.where(copyable > 0, origin, self.canvas.source[t])
        source = torch.where(is_closed & (left > 0), HALLUCINATED, source)
        mask = torch.where(is_closed, 0.0, left)
        # Written last: running out of memory above leaves the canvas as it was.
        self.canvas.write(t, fill_holes(composed, mask), mask, source)
        self._targets.drop(t)

    def _composed(
        self, target: MaskedFrames, alignment: Alignment, closing: Sequence[bool]
    ) -> Float[Tensor, "B 3 H W"]:
        """Copies, and paints what stays open where that is needed."""
        if self.hallucinator.paints_copies:
            return self.hallucinator.hallucinate(target, alignment).composed[:, :, 0]
        copied = plain_copies(target, alignment)
        is_open = (copied.visible < 1).flatten(1).any(dim=1).tolist()
        rows = [i for i, is_closed in enumerate(closing) if is_closed and is_open[i]]
        if rows:
            painted = self.hallucinator.hallucinate(target.rows(rows), alignment.rows(rows))
            copied.colours[rows] = painted.composed[:, :, 0].to(copied.colours.dtype)
        return copied.colours

    def _origin(self, pairs: Sequence[Pair], alignment: Alignment) -> Int[Tensor, "B 1 H W"]:
        """The frame that each aligned pixel shows: copies of copies keep theirs, copies of hallucinations stay so."""
        r, source = [p.ref for p in pairs], self.refs.source
        own = self.refs.first + torch.tensor(r, dtype=torch.int32, device=source.device).view(-1, 1, 1, 1)
        if alignment.grid is None:  # the aligner does not report positions: name the reference itself
            return own.expand(-1, -1, *source.shape[-2:])
        # A copied pixel may be interpolated though its nearest neighbour is hidden: its colour is the reference's own.
        known = torch.where(source[r] == OPEN, own, source[r])
        # Shifted by one, so that the zeros outside the reference read as HALLUCINATED. In full precision, as half
        # precision cannot count the frames of a long video.
        shifted = (known + 1).float().unsqueeze(2)
        return warp(shifted, alignment.grid.float(), mode="nearest")[:, :, 0].round().int() - 1
