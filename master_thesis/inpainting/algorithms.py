"""The three inpainting algorithms: three orders in which frames visit each other.

Source: the thesis, inpainting algorithms. Each starts from a copy of the sequence.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from master_thesis.configs.inpainting import InpaintOptions
from master_thesis.images.reducing import reduce_hole, reduce_image, size_within
from master_thesis.inpainting.canvas import HALLUCINATED, Canvas
from master_thesis.inpainting.planning import LONGER_SIDE_PX, CameraPath, ReferencePlan, ReferencePlanner
from master_thesis.inpainting.step import FillStep, Pair
from master_thesis.ops.image import to_bytes

MIN_GAIN = 0.01
"""A reference that shows less than this share of the open pixels shows nothing new."""
SLACK = 0.02
"""Share of a hole by which a plan may err before spare references are used."""
NUM_FINISHED = 2
"""Finished frames that serve as references for pixels that no planned reference shows."""


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


class Visits:
    """The references of a frame, one after the other.

    Args:
        refs: in order.
        open_percent: the frame's open share, in percent.
        skip_idle: skip references while they show nothing new (see :class:`InpaintOptions`).
    """

    def __init__(self, refs: Sequence[int], open_percent: float, skip_idle: bool) -> None:
        self.refs, self.open_percent, self.skip_idle = refs, open_percent, skip_idle
        self.place = self.num_idle = 0
        self.spare, self.hidden_percent = range(0), 0.0

    @classmethod
    def planned(cls, plan: ReferencePlan, finished: Sequence[int], open_percent: float) -> Visits:
        """Planned references, spare ones while more is open than no frame shows, and then finished frames.

        Args:
            plan: of the frame.
            finished: frames that pass on what was hallucinated, last.
            open_percent: the frame's open share, in percent.
        """
        spare = [r for r in plan.spare if r not in finished]
        visits = cls([*plan.refs, *spare, *finished], open_percent, skip_idle=False)
        visits.spare = range(len(plan.refs), len(plan.refs) + len(spare))
        visits.hidden_percent = open_percent * (1 - plan.shown + SLACK)
        return visits

    @property
    def ref(self) -> int:
        """The current reference."""
        return self.refs[self.place]

    def is_last(self, open_percent: float) -> bool:
        """Whether the current reference is the last one if it leaves ``open_percent``."""
        return self._next(open_percent)[0] >= len(self.refs)

    def advance(self, open_percent: float) -> None:
        """Moves to the next reference; the current one has left ``open_percent``."""
        (self.place, self.num_idle), self.open_percent = self._next(open_percent), open_percent

    def _next(self, open_percent: float) -> tuple[int, int]:
        is_idle = self.open_percent - open_percent < MIN_GAIN * self.open_percent
        num_idle = self.num_idle + 1 if is_idle else 0
        place = self.place + (max(num_idle, 1) if self.skip_idle else 1)
        if place in self.spare and open_percent <= self.hidden_percent:
            place = self.spare.stop
        return place, num_idle


def frame_by_frame(step: FillStep, targets: Sequence[int], options: InpaintOptions) -> None:
    """Every frame on its own, from the original sequence; all open frames step together."""
    canvas, o = step.canvas, options
    planner = plan_scene(canvas) if o.exhaustive else None
    canvas.restore_closed()
    visits = {}
    for t in sorted(set(targets).intersection(canvas.open_frames())):
        if planner:
            visits[t] = Visits.planned(planner.plan(t), (), canvas.open_percent(t))
        else:
            refs = nearest_refs(t, len(canvas.frames), o.spacing, o.max_distance)
            visits[t] = Visits(refs, canvas.open_percent(t), o.skip_idle)
    unseen = [t for t, visit in visits.items() if not visit.refs]
    if unseen:
        step.hallucinate(unseen)
    visits = {t: visit for t, visit in visits.items() if visit.refs}
    while visits:
        _visit(step, visits, o)


def inpaint_and_propagate(step: FillStep, targets: Sequence[int], options: InpaintOptions) -> None:
    """One frame after the other; finished frames are the first references of those that follow.

    Exhaustive: planned references come first, and then the nearest finished frames, which pass on what was
    hallucinated.
    """
    canvas, o = step.canvas, options
    planner = plan_scene(canvas) if o.exhaustive else None
    canvas.restore_closed()
    has_hole = set(canvas.open_frames())
    finished: list[int] = []
    for t in targets:
        if t in has_hole and planner:
            plan = planner.plan(t)
            nearest = sorted((r for r in finished if r not in plan.refs), key=lambda r: abs(r - t))[:NUM_FINISHED]
            visit = Visits.planned(plan, nearest, canvas.open_percent(t))
        elif t in has_hole:
            rest = [r for r in nearest_refs(t, len(canvas.frames), o.spacing, o.max_distance) if r not in finished]
            refs = [r for r in finished[::-1] + rest if r != t] or [t]
            visit = Visits(refs, canvas.open_percent(t), o.skip_idle)
        else:
            finished.append(t)
            continue
        visits = {t: visit} if visit.refs else {}
        if not visits:
            step.hallucinate([t])
        while visits:
            _visit(step, visits, o)
        finished.append(t)


def copy_and_propagate(step: FillStep, targets: Sequence[int], options: InpaintOptions) -> None:
    """Sweeps in which every other frame copies from its two neighbours; known pixels spread by one frame a sweep."""
    canvas, o, s = step.canvas, options, options.spacing
    num_frames, wanted, tolerance = len(canvas.frames), set(targets), 0.0 if o.exhaustive else o.tolerance
    for i in range(o.sweeps):
        turn = [t for t in canvas.open_frames() if t in wanted and (t // s) % 2 == i % 2]
        neighbours = {t: [r for r in (t - s, t + s) if 0 <= r < num_frames] or [t] for t in turn}
        is_last_sweep = i >= o.sweeps - 2
        for side in range(2):
            # Frames of a sweep are never each other's neighbours, so one side of all of them is one batch.
            pairs = [Pair(t, refs[side]) for t, refs in neighbours.items() if side < len(refs)]
            for copies in step.align(pairs):
                is_final = [side + 1 == len(neighbours[pair.target]) for pair in copies.pairs]
                is_enough = [is_last_sweep or left < tolerance for left in copies.open_percent]
                step.paint(copies, [final and enough for final, enough in zip(is_final, is_enough, strict=True)])


def plan_scene(canvas: Canvas) -> ReferencePlanner:
    """Plans the references of a sequence; pixels that were hallucinated before show nothing."""
    size = size_within((canvas.mask.shape[-2], canvas.mask.shape[-1]), LONGER_SIDE_PX)
    # One frame at a time: copies of a sequence are large.
    frames = [reduce_image(to_bytes(frame).permute(1, 2, 0).cpu().numpy(), size) for frame in canvas.frames]
    hidden = (canvas.mask > 0) | (canvas.source == HALLUCINATED)
    holes = np.stack([reduce_hole(hole, size) for hole in hidden[:, 0].cpu().numpy()])
    return ReferencePlanner(CameraPath.of(np.stack(frames), holes), holes)


def _visit(step: FillStep, visits: dict[int, Visits], options: InpaintOptions) -> None:
    """One step of every visited frame; frames that are closed by it leave."""
    tolerance = 0.0 if options.exhaustive else options.tolerance
    for copies in step.align([Pair(t, visit.ref) for t, visit in visits.items()]):
        after = list(zip(copies.pairs, copies.open_percent, strict=True))
        closing = [left <= tolerance or visits[pair.target].is_last(left) for pair, left in after]
        step.paint(copies, closing)
        for pair, is_closed in zip(copies.pairs, closing, strict=True):
            if is_closed:
                del visits[pair.target]
    for t, visit in visits.items():
        visit.advance(step.canvas.open_percent(t))


ORDERS = {"ff": frame_by_frame, "ip": inpaint_and_propagate, "cp": copy_and_propagate}
"""The algorithms by name (see :data:`master_thesis.configs.inpainting.ALGORITHMS`)."""
