"""Filling the holes of one sequence."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int, UInt8
from torch import Tensor

from master_thesis.configs.inpainting import MONTAGE, InpaintOptions
from master_thesis.errors import require
from master_thesis.inpainting.algorithms import ORDERS, outwards
from master_thesis.inpainting.canvas import Canvas
from master_thesis.inpainting.motions import Motions
from master_thesis.inpainting.photomontage import Photomontage
from master_thesis.inpainting.step import FillStep
from master_thesis.models.aligner import Aligner, AlignsPairs, as_aligner
from master_thesis.models.classical.neighbours import NeighbourMotion
from master_thesis.models.hallucinator import Hallucinator, as_hallucinator
from master_thesis.models.painter import as_painter
from master_thesis.ops.image import to_bytes, to_float
from master_thesis.records import Hallucination, Record


@dataclass(frozen=True)
class Inpainted(Record):
    """A filled sequence. Unpacks into ``frames, source``.

    Attributes:
        frames: filled frames; known pixels are those of the input.
        source: the frame that shows each pixel: its own index where known, another one where copied, -1 where
            hallucinated.
    """

    frames: Float[Tensor, "3 F H W"]
    source: Int[Tensor, "1 F H W"]

    _unpacks: ClassVar[tuple[str, ...]] = ("frames", "source")


@dataclass(frozen=True)
class SubSequence:
    """The role of a sequence that is part of a longer one.

    Attributes:
        targets: the frames to fill, in the order in which ip visits them; the others only serve as references.
        first: number of the first frame in the longer sequence, in which sources are counted.
        source: where the known pixels of frames that were filled before came from; None: all are original.
        on_closed: called with the frames completed; None: no progress is reported.
    """

    targets: Sequence[int]
    first: int = 0
    source: Int[Tensor, "1 F H W"] | None = None
    on_closed: Callable[[Sequence[int]], None] | None = None


@dataclass(frozen=True)
class Inpainter:
    """An algorithm with the networks it runs.

    Attributes:
        aligner: brings references onto targets; anything with the published call ``align``.
        hallucinator: paints targets; anything with CHN's published call.
        options: of the algorithm.
        device: where the networks are.
    """

    aligner: Aligner | AlignsPairs
    hallucinator: Hallucinator | Callable[..., Hallucination]
    options: InpaintOptions = field(default_factory=InpaintOptions)
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @torch.no_grad()
    def fill(
        self, x: Float[Tensor, "3 F H W"], m: Float[Tensor, "1 F H W"], part: SubSequence | None = None
    ) -> Inpainted:
        """Fills the holes of one sequence; the inputs are not changed.

        Args:
            x: frames, RGB in [0, 1]; their colours inside the holes do not matter.
            m: masks, 1 = hole.
            part: its role in a longer sequence; None: it is complete. With pm, it is.

        Raises:
            UserError: frames and masks do not match.
        """
        require(x.shape[1:] == m.shape[1:], f"frames and masks should match, got {tuple(x.shape)} and {tuple(m.shape)}")
        if self.options.algorithm == MONTAGE:
            return self._montage_of(x, m)
        x, m = x.to(self.device), m.to(self.device)
        part = part or SubSequence(outwards(x.shape[1]))
        canvas = Canvas.of(x, m.to(x.dtype), part.first, part.source)
        self.fill_canvas(canvas, part)
        frames = torch.where(m > 0, canvas.frames.transpose(0, 1), x)
        return Inpainted(frames, canvas.source.transpose(0, 1).contiguous())

    @torch.no_grad()
    def fill_canvas(self, canvas: Canvas, part: SubSequence) -> None:
        """Fills the holes of one sequence in place.

        Args:
            canvas: on the device of the networks.
            part: its role in a longer sequence.
        """
        refs = canvas.clone() if self.options.algorithm == "ff" else canvas
        networks = as_aligner(self.aligner), as_hallucinator(self.hallucinator)
        step = FillStep(*networks, canvas, refs, self.options, part.on_closed)
        ORDERS[self.options.algorithm](step, part.targets, self.options)

    def montage(
        self,
        frames: Sequence[UInt8[np.ndarray, "H W 3"]],
        holes: Sequence[Bool[np.ndarray, "H W"]],
        steps: MutableMapping[int, NeighbourMotion] | None = None,
        fine: Sequence[Float32[np.ndarray, "H W 3"]] | None = None,
    ) -> Photomontage:
        """Prepares the photomontage of a sequence (pm).

        Args:
            frames: RGB; their colours inside the holes do not matter.
            holes: what is to be filled.
            steps: the motions between neighbours that were measured before; the others are added.
            fine: the frames to read colours from, in [0, 255], if they have more than 8 bits.
        """
        painter, motions = as_painter(as_hallucinator(self.hallucinator)), Motions.of(frames, holes, steps)
        return Photomontage(frames if fine is None else fine, holes, painter, motions, self.device)

    def _montage_of(self, x: Float[Tensor, "3 F H W"], m: Float[Tensor, "1 F H W"]) -> Inpainted:
        frames = [to_bytes(frame).permute(1, 2, 0).contiguous().cpu().numpy() for frame in x.unbind(dim=1)]
        holes = (m[0] > 0).cpu().numpy()
        filled = x.clone()
        numbers = torch.arange(len(holes), dtype=torch.int32, device=x.device).view(1, -1, 1, 1)
        source = numbers.expand_as(m).contiguous()
        for t, hole in self.montage(frames, list(holes)).fill(range(len(holes))):
            place = torch.from_numpy(holes[t]).to(x.device)
            filled[:, t, place] = to_float(torch.from_numpy(hole.colours)).T.to(x)
            source[0, t, place] = torch.from_numpy(hole.source).to(x.device)
        return Inpainted(filled, source)


def inpaint(
    x: Float[Tensor, "3 F H W"],
    m: Float[Tensor, "1 F H W"],
    aligner: Aligner | AlignsPairs,
    chn: Hallucinator | Callable[..., Hallucination],
    algorithm: str = "ip",
    spacing: int = 1,
    max_distance: int = InpaintOptions.max_distance,
    tolerance: float = 1.0,
    sweeps: int = InpaintOptions.sweeps,
    leaps: bool = False,
    pair_batch: int | None = None,
) -> Inpainted:
    """Fills the holes of one sequence; the inputs are not changed. The published form of :class:`Inpainter`.

    Args:
        x: frames, RGB in [0, 1]; their colours inside the holes do not matter.
        m: masks, 1 = hole.
        aligner: brings references onto targets; anything with the call ``align``.
        chn: copies and hallucinates; anything with CHN's call.
        algorithm: ``ff`` (frame by frame), ``ip`` (inpaint and propagate), ``cp`` (copy and propagate)
            or ``pm`` (photomontage, which uses none of the following).
        spacing: see :class:`~master_thesis.configs.inpainting.InpaintOptions`, like the following.
        max_distance: largest distance of a reference, in frames.
        tolerance: open share at which a frame is closed, in percent.
        sweeps: passes over the sequence.
        leaps: ``skip_idle`` there.
        pair_batch: pairs that pass through the networks together.

    Raises:
        UserError: an argument is out of range.
    """
    options = InpaintOptions(algorithm, spacing, max_distance, tolerance, sweeps, leaps, pair_batch)
    return Inpainter(aligner, chn, options, x.device).fill(x, m)
