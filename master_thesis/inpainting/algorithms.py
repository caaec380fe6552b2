"""The three inpainting algorithms: three orders in which frames visit each other.

Source: the thesis, inpainting algorithms. Each starts from a copy of the sequence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from master_thesis.configs.inpainting import InpaintOptions
from master_thesis.errors import require
from master_thesis.inpainting.batching import fitting_pairs
from master_thesis.inpainting.step import Canvas, Hallucinator, Pair, Stepper
from master_thesis.models.aligner import Aligner
from master_thesis.records import Record

ALGORITHMS = ("ff", "ip", "cp")
MAX_DISTANCE = 20
SWEEPS = 20
NEWS = 0.01
"""A reference that shows less than this share of what is open shows nothing new."""


@dataclass(frozen=True)
class Inpainted(Record):
    """A filled sequence. Unpacks into ``frames, source``.

    Attributes:
        frames: filled frames; known pixels are those of the input.
        source: the frame that shows each pixel: its own index where known, another where copied, -1 where
            hallucinated.
    """

    frames: Float[Tensor, "3 F H W"]
    source: Int[Tensor, "1 F H W"]

    _unpacks: ClassVar[tuple[str, ...]] = ("frames", "source")


@dataclass(frozen=True)
class SubSequence:
    """What must be known of a sequence that is part of a longer one.

    Attributes:
        targets: the frames to fill, in the order in which ip visits them; the others only serve as references.
        first: number of the first frame in the longer sequence; sources are counted there.
        source: where the known pixels of frames that were filled earlier came from; None: all are original.
        on_closed: is told how many frames each step closed; None: nobody asks.
    """

    targets: Sequence[int]
    first: int = 0
    source: Int[Tensor, "1 F H W"] | None = None
    on_closed: Callable[[int], None] | None = None


@dataclass(frozen=True)
class Inpainter:
    """An algorithm with the networks it runs.

    Attributes:
        aligner: brings references onto targets.
        hallucinator: paints what was aligned, and what no reference shows.
        options: of the algorithm.
        device: where the networks are.
    """

    aligner: Aligner
    hallucinator: Hallucinator
    options: InpaintOptions = field(default_factory=InpaintOptions)
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    def fill(
        self, x: Float[Tensor, "3 F H W"], m: Float[Tensor, "1 F H W"], part: SubSequence | None = None
    ) -> Inpainted:
        """Fills the holes of one sequence; the inputs are not changed.

        Args:
            x: frames, RGB in [0, 1]; their colours inside the holes do not matter.
            m: masks, 1 = hole.
            part: which part of a longer sequence this is; None: it is complete.

        Raises:
            UserError: frames and masks do not match.
        """
        o = self.options
        return inpaint(
            x.to(self.device),
            m.to(self.device),
            self.aligner,
            self.hallucinator,
            o.algorithm,
            o.spacing,
            o.max_distance,
            o.tolerance,
            o.sweeps,
            o.skip_idle,
            o.pair_batch,
            part,
        )


@torch.no_grad()
def inpaint(
    x: Float[Tensor, "3 F H W"],
    m: Float[Tensor, "1 F H W"],
    aligner: Aligner,
    chn: Hallucinator,
    algorithm: str = "ip",
    spacing: int = 1,
    max_distance: int = MAX_DISTANCE,
    tolerance: float = 1.0,
    sweeps: int = SWEEPS,
    leaps: bool = False,
    pair_batch: int | None = None,
    part: SubSequence | None = None,
) -> Inpainted:
    """Fills the holes of one sequence; the inputs stay as they are.

    Args:
        x: frames, RGB in [0, 1]; what they hold inside the holes does not matter.
        m: masks, 1 = hole.
        aligner: brings references onto targets.
        chn: copies and hallucinates.
        algorithm: ``ff`` (frame by frame), ``ip`` (inpaint and propagate) or ``cp`` (copy and propagate).
        spacing: frames between references; references stand at multiples of it.
        max_distance: largest distance of a reference, in frames (ff, ip).
        tolerance: a frame is done when at most this share of it is hole, in percent.
        sweeps: passes over the sequence, at least 2 (cp).
        leaps: leave references out while they show nothing new: one after the second in a row, two after the third
            and so on (ff, ip). Not in the thesis; several times faster where no frame shows what is hidden.
        pair_batch: pairs that go through the networks together; None: as many as there is memory for, up to 8.
        part: which part of a longer sequence this is; None: it is all there is.

    Raises:
        UserError: where an argument makes no sense.
    """
    require(algorithm in ALGORITHMS, f"the algorithm should be one of {', '.join(ALGORITHMS)}, got {algorithm!r}")
    pair_batch = fitting_pairs(*x.shape[2:], x.device) if pair_batch is None else pair_batch
    require(min(spacing, max_distance, pair_batch) >= 1, "spacing, max_distance and pair_batch should be at least 1")
    require(sweeps >= 2, f"sweeps should be at least 2 (the last two close every frame), got {sweeps}")
    require(x.shape[1:] == m.shape[1:], f"frames and masks should match, got {tuple(x.shape)} and {tuple(m.shape)}")
    part = part or SubSequence(outwards(x.shape[1]))
    canvas = Canvas.of(x, m.to(x.dtype), part.first, part.source)
    stepper = Stepper(aligner, chn, pair_batch, part.on_closed)
    if algorithm == "ff":
        _frame_by_frame(canvas, stepper, part.targets, spacing, max_distance, tolerance, leaps)
    elif algorithm == "ip":
        _inpaint_and_propagate(canvas, stepper, part.targets, spacing, max_distance, tolerance, leaps)
    else:
        _copy_and_propagate(canvas, stepper, part.targets, spacing, tolerance, sweeps)
    frames = torch.where(m > 0, canvas.frames.transpose(0, 1), x)
    return Inpainted(frames, canvas.source.transpose(0, 1).contiguous())


def outwards(num_frames: int) -> list[int]:
    """All frames from the middle outwards (ties: the earlier one).

    >>> outwards(5)
    [2, 1, 3, 0, 4]
    """
    return sorted(range(num_frames), key=lambda f: (abs(f - num_frames // 2), f))


def nearest_refs(t: int, num_frames: int, spacing: int, max_distance: int) -> list[int]:
    """References of frame ``t``, nearest first (ties: the earlier one); itself where there are none.

    Args:
        t: the target.
        num_frames: frames of the sequence.
        spacing: distances are multiples of it.
        max_distance: largest distance, in frames.
    """
    distances = range(spacing, max_distance + 1, spacing)
    refs = [r for d in distances for r in (t - d, t + d) if 0 <= r < num_frames]
    return refs or [t]


class _Visits:
    """The references of a frame, one after the other.

    Args:
        refs: in order.
        left: the hole's share of the frame, in percent.
        leaps: see :func:`inpaint`.
    """

    def __init__(self, refs: Sequence[int], left: float, leaps: bool) -> None:
        self.refs, self.left, self.leaps = refs, left, leaps
        self.place = self.num_idle = 0

    @property
    def ref(self) -> int:
        """The reference whose turn it is."""
        return self.refs[self.place]

    def is_last(self, left: float) -> bool:
        """Whether it is the last one if it leaves ``left``."""
        return self._after(left)[0] >= len(self.refs)

    def go_on(self, left: float) -> None:
        """It has left ``left``; the next one."""
        (self.place, self.num_idle), self.left = self._after(left), left

    def _after(self, left: float) -> tuple[int, int]:
        num_idle = self.num_idle + 1 if self.left - left < NEWS * self.left else 0
        return self.place + (max(num_idle, 1) if self.leaps else 1), num_idle


def _frame_by_frame(
    canvas: Canvas,
    stepper: Stepper,
    targets: Sequence[int],
    spacing: int,
    max_distance: int,
    tolerance: float,
    leaps: bool,
) -> None:
    """Every frame on its own, from the original sequence; all open frames step together."""
    original = canvas.clone()
    visits = {
        t: _Visits(nearest_refs(t, len(canvas.frames), spacing, max_distance), canvas.left(t), leaps)
        for t in sorted(set(targets).intersection(canvas.open_frames()))
    }
    while visits:
        _turn(canvas, stepper, visits, original, tolerance)


def _inpaint_and_propagate(
    canvas: Canvas,
    stepper: Stepper,
    targets: Sequence[int],
    spacing: int,
    max_distance: int,
    tolerance: float,
    leaps: bool,
) -> None:
    """One frame after the other; finished frames are the first references of those that follow."""
    num_frames = len(canvas.frames)
    has_hole = set(canvas.open_frames())
    finished: list[int] = []
    for t in targets:
        newest_first = finished[::-1]
        rest = [r for r in nearest_refs(t, num_frames, spacing, max_distance) if r not in finished]
        refs = [r for r in newest_first + rest if r != t] or [t]
        visits = {t: _Visits(refs, canvas.left(t), leaps)} if t in has_hole else {}
        while visits:
            _turn(canvas, stepper, visits, canvas, tolerance)
        finished.append(t)


def _turn(canvas: Canvas, stepper: Stepper, visits: dict[int, _Visits], refs: Canvas, tolerance: float) -> None:
    """One step of every frame that is visited; those that are closed by it are visited no more."""
    closed = stepper.fill(
        canvas,
        [Pair(t, visit.ref) for t, visit in visits.items()],
        refs,
        lambda left, pair: left <= tolerance or visits[pair.target].is_last(left),
    )
    for t in closed:
        del visits[t]
    for t, visit in visits.items():
        visit.go_on(canvas.left(t))


def _copy_and_propagate(
    canvas: Canvas, stepper: Stepper, targets: Sequence[int], spacing: int, tolerance: float, sweeps: int
) -> None:
    """Sweeps in which every other frame takes from its two neighbours; what is known spreads by one frame a sweep."""
    num_frames, wanted = len(canvas.frames), set(targets)
    for i in range(sweeps):
        turn = [t for t in canvas.open_frames() if t in wanted and (t // spacing) % 2 == i % 2]
        neighbours = {t: [r for r in (t - spacing, t + spacing) if 0 <= r < num_frames] or [t] for t in turn}
        is_last_sweep = i >= sweeps - 2
        for side in range(2):
            # Frames of a sweep never are each other's neighbours, so one side of all of them is one batch.
            pairs = [Pair(t, n[side], is_final=side + 1 == len(n)) for t, n in neighbours.items() if side < len(n)]
            stepper.fill(
                canvas,
                pairs,
                canvas,
                lambda left, p: p.is_final and (is_last_sweep or left < tolerance),  # noqa: B023
            )
