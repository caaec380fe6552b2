"""One fill step on a batch of (target, reference) pairs, and the running result that steps read and write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from master_thesis.inpainting.batching import in_batches
from master_thesis.models.aligner import Aligner, align_encoded, encode
from master_thesis.ops.grid import warp
from master_thesis.ops.image import fill_holes
from master_thesis.ops.mask import hole_percent
from master_thesis.records import Alignment, Hallucination

HALLUCINATED = -1
"""In a source map: this pixel was seen in no frame and made up."""
OPEN = -2
"""In a source map: this pixel is not filled yet."""


@runtime_checkable
class Hallucinator(Protocol):
    """Anything that paints a target from aligned references, as CHN does."""

    def __call__(
        self,
        x_target: Float[Tensor, "B 3 H W"],
        v_target: Float[Tensor, "B 1 H W"],
        x_aligned: Float[Tensor, "B 3 F H W"],
        v_aligned: Float[Tensor, "B 1 F H W"],
        v_map: Float[Tensor, "B 1 F H W"],
        **confidence: Float[Tensor, "B 1 F H W"],
    ) -> Hallucination:
        """Paints the target once per reference; ``confidence`` is passed only where the aligner offers it."""
        ...


@dataclass(frozen=True)
class Canvas:
    """The running result: masked frames, what is still open, and where each pixel came from.

    Attributes:
        frames: masked frames, one after the other.
        mask: 1 = still to fill.
        source: number of the frame that shows the pixel (its own where known), ``HALLUCINATED`` or ``OPEN``.
        first: number of the first frame; 0 unless the sequence is part of a longer one.
        codes: what an aligner saw of frames on their own, for as long as they stay the same.
    """

    frames: Float[Tensor, "F 3 H W"]
    mask: Float[Tensor, "F 1 H W"]
    source: Int[Tensor, "F 1 H W"]
    first: int = 0
    codes: dict[int, Tensor] = field(default_factory=dict)

    @staticmethod
    def of(
        x: Float[Tensor, "3 F H W"],
        m: Float[Tensor, "1 F H W"],
        first: int = 0,
        source: Int[Tensor, "1 F H W"] | None = None,
    ) -> Canvas:
        """A canvas with a copy of a sequence, its holes in the colour ``FILL``.

        Args:
            x: frames.
            m: masks, 1 = hole.
            first: number of the first frame.
            source: where known pixels come from; None: they are original.
        """
        frames, mask = x.transpose(0, 1), m.transpose(0, 1).contiguous()
        own = torch.arange(first, first + frames.shape[0], dtype=torch.int32, device=x.device).view(-1, 1, 1, 1)
        known = own.expand_as(mask) if source is None else source.transpose(0, 1)
        return Canvas(fill_holes(frames, mask), mask.clone(), torch.where(mask > 0, OPEN, known), first)

    def clone(self) -> Canvas:
        """A canvas of its own: writing to it changes nothing else."""
        return Canvas(self.frames.clone(), self.mask.clone(), self.source.clone(), self.first, dict(self.codes))

    def encoded(self, rows: list[int], aligner: Aligner) -> Float[Tensor, "N *code"]:
        """What an aligner, always the same one, sees of some frames on their own: looked at once until they change."""
        new = [i for i in dict.fromkeys(rows) if i not in self.codes]
        if new:  # cloned: a view would keep the codes of all frames of the batch
            codes = encode(aligner, self.frames[new], self.mask[new])
            self.codes.update(zip(new, (code.clone() for code in codes), strict=True))
        return torch.stack([self.codes[i] for i in rows])

    def write(self, rows: list[int], frames: Tensor, mask: Tensor, source: Tensor) -> None:
        """Replaces some frames; what was known of the old ones is forgotten."""
        self.frames[rows], self.mask[rows], self.source[rows] = frames, mask, source
        for i in rows:
            self.codes.pop(i, None)

    def left(self, t: int) -> float:
        """The hole's share of frame ``t``, in percent."""
        return float(hole_percent(self.mask[t]))

    def open_frames(self) -> list[int]:
        """The frames that still have a hole."""
        return torch.nonzero(self.mask.flatten(1).any(dim=1)).flatten().tolist()


@dataclass(frozen=True)
class Pair:
    """A target, a reference, and whether this step is the target's last if it leaves at most ``tolerance``.

    Attributes:
        target: index of the frame to fill.
        ref: index of the frame to copy from.
        is_final: this is the target's last reference, whatever it leaves.
    """

    target: int
    ref: int
    is_final: bool = False


class Stepper:
    """Carries out fill steps; what differs between the algorithms is only the order of the pairs.

    Args:
        aligner: brings references onto targets.
        chn: paints what was aligned.
        pair_batch: pairs that go through the networks together.
        on_closed: is told how many frames each step closed; None: nobody asks.
    """

    def __init__(
        self,
        aligner: Aligner,
        chn: Hallucinator,
        pair_batch: int,
        on_closed: Callable[[int], None] | None = None,
    ) -> None:
        self.aligner = aligner
        self.chn = chn
        self.pair_batch = pair_batch
        self.on_closed = on_closed

    def fill(self, canvas: Canvas, pairs: Sequence[Pair], refs: Canvas, is_enough: ClosingRule) -> set[int]:
        """Fills ``canvas`` in place by one step per pair; the targets differ and none is another's reference.

        Args:
            canvas: where targets are read and written.
            pairs: the steps.
            refs: where references are read: ``canvas`` itself, or the original sequence.
            is_enough: tells from what is left (percent) and from the pair whether the frame is closed after it.

        Returns:
            The targets that were closed: their hole is filled with what CHN painted last.
        """
        closed: set[int] = set()

        def work(batch: Sequence[Pair]) -> None:
            closed.update(self._fill_batch(canvas, batch, refs, is_enough))

        in_batches(pairs, self.pair_batch, tuple(canvas.mask.shape[2:]), work)
        return closed

    def _fill_batch(self, canvas: Canvas, pairs: Sequence[Pair], refs: Canvas, is_enough: ClosingRule) -> set[int]:
        t, r = [p.target for p in pairs], [p.ref for p in pairs]
        x, m = canvas.frames[t], canvas.mask[t]
        codes = canvas.encoded(t, self.aligner), refs.encoded(r, self.aligner).unsqueeze(1)
        shown = refs.frames[r].unsqueeze(2), refs.mask[r].unsqueeze(2)
        alignment = align_encoded(self.aligner, x, m, *shown, *codes)
        copyable = alignment.copyable[:, :, 0]
        left = hole_percent(m - copyable)
        closes = [is_enough(float(share), pair) for share, pair in zip(left, pairs, strict=True)]
        gains = copyable.flatten(1).any(dim=1).tolist()
        # A pair that shows nothing new and is not the frame's last leaves the frame as it is: CHN need not run.
        rows = [i for i in range(len(pairs)) if gains[i] or (closes[i] and left[i] > 0)]
        if rows:
            self._paint(canvas, refs, [pairs[i] for i in rows], _select(alignment, rows), [closes[i] for i in rows])
        if self.on_closed is not None and any(closes):
            self.on_closed(sum(closes))
        return {p.target for p, is_closed in zip(pairs, closes, strict=True) if is_closed}

    def _paint(
        self, canvas: Canvas, refs: Canvas, pairs: Sequence[Pair], alignment: Alignment, closes: list[bool]
    ) -> None:
        t = [p.target for p in pairs]
        x, m = canvas.frames[t], canvas.mask[t]
        trust = {} if alignment.confidence is None else {"confidence": alignment.confidence}
        composed = self.chn(x, 1 - m, *alignment, **trust).composed[:, :, 0]
        is_closed = torch.tensor(closes, device=m.device).view(-1, 1, 1, 1)
        open_mask = m - alignment.copyable[:, :, 0]
        source = torch.where(alignment.copyable[:, :, 0] > 0, _origin(refs, pairs, alignment), canvas.source[t])
        source = torch.where(is_closed & (open_mask > 0), HALLUCINATED, source)
        mask = torch.where(is_closed, 0.0, open_mask)
        # Written last: memory that runs out above leaves the canvas as it was.
        canvas.write(t, fill_holes(composed, mask), mask, source)


@runtime_checkable
class ClosingRule(Protocol):
    """Decides after each step whether a frame is done."""

    def __call__(self, left_percent: float, pair: Pair) -> bool:
        """Whether the pair's target is closed, given what is left of its hole."""
        ...


def _select(alignment: Alignment, rows: list[int]) -> Alignment:
    def pick(x: Tensor | None) -> Tensor | None:
        return None if x is None else x[rows]

    a = alignment
    return Alignment(a.aligned[rows], a.visible[rows], a.copyable[rows], pick(a.confidence), pick(a.grid))


def _origin(refs: Canvas, pairs: Sequence[Pair], alignment: Alignment) -> Int[Tensor, "B 1 H W"]:
    """Which frame each aligned pixel shows: copies of copies keep their origin, copies of inventions are inventions."""
    r = [p.ref for p in pairs]
    own = refs.first + torch.tensor(r, dtype=torch.int32, device=refs.source.device).view(-1, 1, 1, 1)
    if alignment.grid is None:  # the aligner does not say where it looked: name the reference itself
        return own
    # An aligner may copy an interpolated pixel whose nearest neighbour is hidden: the others are the reference's own.
    source = torch.where(refs.source[r] == OPEN, own, refs.source[r])
    # Indices are shifted by one so that the zeros outside the reference read as HALLUCINATED. In full precision, as
    # half of it cannot count the frames of a long video.
    shifted = (source + 1).float().unsqueeze(2)
    return warp(shifted, alignment.grid.float(), mode="nearest")[:, :, 0].round().int() - 1
