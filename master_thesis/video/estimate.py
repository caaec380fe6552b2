"""How long a removal will take: measured on two frames of the video before the work begins."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from master_thesis.configs.inpainting import MONTAGE
from master_thesis.images.reducing import reduce_hole, reduce_image
from master_thesis.inpainting.choosing import LEAST_HIDDEN
from master_thesis.inpainting.inpainter import Inpainter
from master_thesis.inpainting.joining import without_steps
from master_thesis.inpainting.step import FillStep, Pair
from master_thesis.models.aligner import as_aligner
from master_thesis.models.classical.neighbours import NeighbourMotion
from master_thesis.models.hallucinator import as_hallucinator
from master_thesis.models.painter import SmoothPainter, as_painter
from master_thesis.ops.image import to_float
from master_thesis.ops.mask import window_of
from master_thesis.ops.position_map import hallucinated_in
from master_thesis.records import MaskedFrames
from master_thesis.video.compositing import WorkingFrame
from master_thesis.video.outlook import Outlook
from master_thesis.video.paintings import composed_pixels, num_paintings
from master_thesis.video.plan import Scene, Window
from master_thesis.video.resources import pairs_per_frame
from master_thesis.video.samples import Samples
from master_thesis.video.survey import Box
from master_thesis.video.windows import make_canvas

TRIED_FRAMES, PLAYED_FRAMES = 2, 13
"""Frames that a trial of pm fills, among others that may show their holes."""
PAINTED_BY = 4
"""Factor by which a frame is reduced for a trial of painting, whose time is taken to grow with the pixels painted. On
five sequences, that was within a factor of 1.65 of the time in the frame itself, and once 2.3."""
LEAST_HALLUCINATED_PERCENT, CARRYING_ON = 1.0, 7.0
"""Where more is hallucinated, every frame carries that on: it is judged, painted where it is still open, and joined,
which takes as long as to join it so many times (measured on four sequences)."""
WARM = 0.7
"""Share of the time of a trial that a frame takes later, when all has run before and frames are worked on in pairs
(measured on nine sequences)."""


@dataclass(frozen=True)
class Trial:
    """Seconds that each part of the work takes.

    Attributes:
        pair: bringing one reference onto its target; with pm, what every frame takes.
        painting: hallucinating one hole.
        joining: joining what is hallucinated to the copies beside it, with pm.
    """

    pair: float
    painting: float
    joining: float = 0.0

    @staticmethod
    @torch.no_grad()
    def run(inpainter: Inpainter, frames: Sequence[WorkingFrame], is_fast: bool = False) -> Trial:
        """Measures the parts on a frame with a hole and on the one after it.

        Args:
            inpainter: the algorithm with its networks.
            frames: the two.
            is_fast: whether the hole leaves its place so fast that sources are chosen for every frame (pm).
        """
        if inpainter.options.algorithm == MONTAGE:
            return Trial._of_montage(inpainter, frames, is_fast)
        target, ref = frames
        box = Box(0, 0, *target.hole.shape)
        window, device = Window(Scene(0, 4, box, box.size), 0, 0, 4, 4), inpainter.device
        canvas = make_canvas(window, [target, ref, target, target], {}, device)
        networks = as_aligner(inpainter.aligner), as_hallucinator(inpainter.hallucinator)
        step = FillStep(*networks, canvas, canvas, inpainter.options)

        for target_index in (0, 2):  # the reference is encoded once
            pair = _seconds(lambda t: list(step.align([Pair(t, 1)])), target_index, device)
        for target_index in (2, 3):
            painting = _seconds(lambda t: step.hallucinate([t]), target_index, device)
        return Trial(pair, painting)

    @staticmethod
    def _of_montage(inpainter: Inpainter, frames: Sequence[WorkingFrame], is_fast: bool) -> Trial:
        """Measures motions, what is read along them, as much at once as later, and one painting."""
        smooth = replace(inpainter, hallucinator=SmoothPainter())
        smaller = _reduced(frames[0], PAINTED_BY)
        steps: dict[int, NeighbourMotion] = {}
        motions = _seconds(lambda _: _measure(smooth, frames, steps), 0, inpainter.device)
        composing = _seconds(lambda _: _compose(smooth, _played(frames, steps, is_fast)), 0, inpainter.device)
        painting = _seconds(lambda _: _paint(inpainter, smaller), 0, inpainter.device)
        larger = composed_pixels(inpainter.hallucinator, frames[0].hole) / composed_pixels(
            inpainter.hallucinator, smaller.hole
        )
        joining = _seconds(lambda _: _join(frames[0]), 0, inpainter.device)
        return Trial(WARM * (motions + composing) / TRIED_FRAMES, painting * larger, joining)


@dataclass(frozen=True)
class _Played:
    """Two frames played to and fro, with the motion between them.

    Attributes:
        holes: move on from frame to frame, so that some other frames show them: that is what takes time.
    """

    images: list[np.ndarray]
    holes: list[np.ndarray]
    steps: dict[int, NeighbourMotion]


def _played(frames: Sequence[WorkingFrame], steps: Mapping[int, NeighbourMotion], is_fast: bool) -> _Played:
    window = window_of(frames[0].hole)
    shift = 0 if window is None else window[1].stop - window[1].start
    images = [frames[i % 2].image for i in range(PLAYED_FRAMES)]
    places = [i if is_fast else i // 2 * 2 for i in range(PLAYED_FRAMES)]  # else, what is chosen for one serves two
    holes = [np.roll(frames[i % 2].hole, shift * places[i] // 4, axis=1) for i in range(PLAYED_FRAMES)]
    return _Played(images, holes, {i: steps[i % 2] for i in range(PLAYED_FRAMES - 1)})


def _measure(inpainter: Inpainter, frames: Sequence[WorkingFrame], steps: dict[int, NeighbourMotion]) -> None:
    """Measures as many motions as frames are tried, there and back."""
    there_and_back = [frames[0], frames[1], frames[0]]
    inpainter.montage([frame.image for frame in there_and_back], [frame.hole for frame in there_and_back], steps)


def _compose(inpainter: Inpainter, played: _Played) -> None:
    first = PLAYED_FRAMES // 2
    montage = inpainter.montage(played.images, played.holes, played.steps)
    # As after other frames: sources are decided on for several of them at once.
    list(montage.fill(range(first, first + TRIED_FRAMES), played.images[first - 1]))


def _reduced(frame: WorkingFrame, factor: int) -> WorkingFrame:
    size = max(frame.hole.shape[0] // factor, 1), max(frame.hole.shape[1] // factor, 1)
    return WorkingFrame(reduce_image(frame.image, size), reduce_hole(frame.hole, size))


def _paint(inpainter: Inpainter, frame: WorkingFrame) -> None:
    colours = to_float(torch.from_numpy(frame.image)).permute(2, 0, 1).unsqueeze(0)
    planes = (colours, torch.from_numpy(~frame.hole).float()[None, None])
    painter = as_painter(as_hallucinator(inpainter.hallucinator))
    painter.paint(MaskedFrames(*(plane.to(inpainter.device) for plane in planes)))


def _join(frame: WorkingFrame) -> None:
    """Joins two halves of a hole, of which one would be hallucinated."""
    is_left = np.arange(frame.hole.shape[1]) < frame.hole.shape[1] // 2
    source = np.where(is_left & frame.hole, hallucinated_in(0), 0).astype(np.int32)
    without_steps(frame.image.astype(np.float32), frame.hole, source)


def _seconds(work: Callable[[int], object], target: int, device: torch.device) -> float:
    start = time.perf_counter()
    work(target)
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start


def estimate_filling(
    samples: Samples, outlook: Outlook | None, scenes: Sequence[Scene], has_hole: Sequence[bool], inpainter: Inpainter
) -> float:
    """Approximate seconds of the filling, from a trial and from the planned pairs.

    Args:
        samples: of the video.
        outlook: what can be expected; None: unknown.
        scenes: those that have a hole.
        has_hole: whether each frame of the video has a hole.
        inpainter: the algorithm with its networks.
    """
    tried, frames = samples.trial(scenes)
    is_fast = outlook is not None and outlook.entered_percent > 100 * (1 - LEAST_HIDDEN)
    trial, options = Trial.run(inpainter, frames, is_fast), inpainter.options
    is_planned = outlook is not None and options.exhaustive and options.algorithm != MONTAGE
    planned = outlook.pairs_per_frame(options.algorithm) if outlook and is_planned else None
    pairs = pairs_per_frame(options.algorithm, len(has_hole), planned)
    # Where hardly anything is hallucinated, next to nothing is carried on.
    hallucinated = None if outlook is None else outlook.hallucinated_percent
    is_carried = hallucinated is None or hallucinated > LEAST_HALLUCINATED_PERCENT
    frame = pairs * trial.pair + is_carried * CARRYING_ON * trial.joining
    seconds = 0.0 if planned is None or outlook is None else outlook.seconds * len(has_hole)
    for scene in scenes:
        count, share = sum(has_hole[scene.start : scene.stop]), _num_pixels(scene) / _num_pixels(tried)
        paintings = num_paintings(inpainter, frames[0].hole, outlook, count)
        seconds += share * (count * frame + paintings * trial.painting)
    return seconds


def _num_pixels(scene: Scene) -> int:
    return scene.working_size[0] * scene.working_size[1]
