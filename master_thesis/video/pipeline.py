"""Removes an object from a video of any length and size.

Three passes read the video, each with one frame in memory besides the window being filled: a survey of frames and
masks, the filling of windows, and the writing of the result. A short video is decoded by the first of them only. Filled
pixels are kept on disk beside the output until the video is complete, so that an interrupted run continues where it
stopped.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict, Unpack

import torch

from master_thesis.checkpoints.origin import kind_of
from master_thesis.configs.inpainting import MONTAGE, InpaintOptions
from master_thesis.configs.video import ORIGINAL, VideoConfig, WorkingSize
from master_thesis.inpainting.inpainter import Inpainter
from master_thesis.models.aligner import Aligner, AlignsPairs
from master_thesis.models.hallucinator import Hallucinator
from master_thesis.records import Hallucination
from master_thesis.runtime.ahead import one_ahead
from master_thesis.runtime.atomic import remove_leftovers
from master_thesis.runtime.malloc import hand_back_freed_memory
from master_thesis.video.checks import Report, examine
from master_thesis.video.estimate import estimate_filling
from master_thesis.video.fingerprint import fingerprint
from master_thesis.video.finished import FinishedFrame, finished_frames
from master_thesis.video.outputs import FIGURES, ORIGINS, OVERLAY, PAGE, beside, unfinished
from master_thesis.video.patch_store import MOTION, PatchFolder
from master_thesis.video.plan import VideoPlan
from master_thesis.video.progress import Progress, in_words, with_progress
from master_thesis.video.provenance import FrameOrigin
from master_thesis.video.report.page import facts_of
from master_thesis.video.sheet import SHEET, write_sheet
from master_thesis.video.sinks import Figures, Sink, figures_sink, origins_sink, overlay_sink, page_sink, result_sink
from master_thesis.video.windows import WindowInpainter, fill_windows
from master_thesis.wording import counted

log = logging.getLogger(__name__)

NUM_PASSES, WRITING_PASSES = 4.0, 3.0
"""How long reading the video for the work and writing the result take, and the latter alone, in passes of the
examination."""


@dataclass(frozen=True)
class VideoResult:
    """The result of filling one video.

    Attributes:
        output: the filled video; None if it was only examined.
        report: what the examination found.
        origins: where the pixels of every frame came from.
        sentence: the same in words.
    """

    output: Path | None
    report: Report
    origins: list[FrameOrigin] = field(default_factory=list)
    sentence: str = ""


class FurtherOptions(TypedDict, total=False):
    """Further options of an algorithm; see :class:`master_thesis.configs.inpainting.InpaintOptions`."""

    spacing: int
    max_distance: int
    tolerance: float
    sweeps: int
    pair_batch: int | None


def inpaint_video(
    config: VideoConfig,
    aligner: Aligner | AlignsPairs,
    chn: Hallucinator | Callable[..., Hallucination],
    algorithm: str = "ip",
    test_size: WorkingSize = (240, 480),
    device: torch.device | str = "cpu",
    leaps: bool | None = None,
    **options: Unpack[FurtherOptions],
) -> VideoResult:
    """Fills the hole of one video; size, times, rotation and sound stay the same.

    Args:
        config: video, mask, output and further options of the video.
        aligner: brings references onto targets; anything with the call ``align``.
        chn: copies and hallucinates; anything with CHN's call.
        algorithm: ``ff`` (frame by frame), ``ip`` (inpaint and propagate), ``cp`` (copy and propagate) or ``pm``
            (photomontage).
        test_size: the number of pixels to process, as height and width; the result is enlarged into the hole only.
            None: those of the video, in a crop around the hole; ``"auto"``: the same, up to half a megapixel.
        device: where the networks are.
        leaps: copy everything that any frame shows, from planned references; None: as ``config`` says.
        options: further options of :func:`master_thesis.inpainting.inpainter.inpaint`.

    Raises:
        UserError: lists all problems of the input.
    """
    exhaustive = config.leaps if leaps is None else leaps
    chosen = InpaintOptions(algorithm, exhaustive=exhaustive, **options)
    inpainter = Inpainter(aligner, chn, chosen, torch.device(device))
    return fill_video(config, inpainter, test_size)


def fill_video(config: VideoConfig, inpainter: Inpainter, working_size: WorkingSize) -> VideoResult:
    """Fills the hole of one video.

    Args:
        config: video, mask, output and further options of the video.
        inpainter: the algorithm with its networks.
        working_size: the number of pixels to process (see :data:`~master_thesis.configs.video.WorkingSize`).

    Raises:
        UserError: lists all problems of the input.
    """
    if inpainter.options.algorithm == MONTAGE and not isinstance(working_size, tuple):
        working_size = ORIGINAL
    with _nothing_changed_if_interrupted():
        report = examine(config, inpainter.options.reach, working_size)
    if report.outlook and inpainter.options.asks_all:  # otherwise more may stay hidden
        report.facts += report.outlook.words
    for line in report.lines():
        log.info(line)
    plan = report.plan()
    try:
        return _fill_planned(config, report, plan, inpainter, working_size)
    finally:
        plan.masks.forget()  # the report may outlive them


def _fill_planned(
    config: VideoConfig, report: Report, plan: VideoPlan, inpainter: Inpainter, working_size: WorkingSize
) -> VideoResult:
    """Fills a video that passed all checks."""
    with _nothing_changed_if_interrupted():
        seconds = estimate_filling(report.samples, report.outlook, plan.scenes, plan.survey.has_hole, inpainter)
    report.samples.first.clear()  # they are large
    log.info("time: about %s, if the machine stays as busy as it is", in_words(seconds + NUM_PASSES * report.seconds))
    if config.check:
        _write_checks(config, report, plan)
        return VideoResult(None, report)
    made_from = fingerprint(config, inpainter, working_size)
    folder = PatchFolder(unfinished(plan.output), made_from)
    for ending in (FIGURES, PAGE):
        remove_leftovers(beside(plan.output, ending))
    figures = Figures(are_all_asked=inpainter.options.asks_all)
    facts = facts_of(config, inpainter.options, report, plan.output)
    facts["hallucinator"] = kind_of(inpainter.hallucinator)
    try:
        hand_back_freed_memory()  # of the trial, and then of the filling: encoders take their own
        _fill(plan, WindowInpainter(inpainter), folder, seconds)
        hand_back_freed_memory()
        frames = one_ahead(finished_frames(plan.masks, plan.windows, folder, config.feather))
        tracked = with_progress(frames, "writing", plan.survey.num_frames, WRITING_PASSES * report.seconds)
        _write(tracked, _sinks(config, plan, figures, made_from, facts))
    except KeyboardInterrupt:
        log.warning(_after_interruption(plan, folder))
        raise
    folder.remove()
    result = VideoResult(plan.output, report, figures.origins, figures.sentence)
    log.info("%s: %s", result.output, result.sentence)
    if config.report:
        log.info("page: %s", beside(plan.output, PAGE))
    return result


@contextmanager
def _nothing_changed_if_interrupted() -> Iterator[None]:
    """Says so if the block is interrupted."""
    try:
        yield
    except KeyboardInterrupt:
        log.warning("interrupted: nothing has changed; the same command starts again")
        raise


def _write_checks(config: VideoConfig, report: Report, plan: VideoPlan) -> None:
    sheet = beside(plan.output, SHEET)
    write_sheet(sheet, report.samples.kept, plan.survey.info.display_matrix, config.overwrite)
    log.info("sheet: %s shows the widened mask over a few frames", sheet)


def _fill(plan: VideoPlan, inpainter: WindowInpainter, folder: PatchFolder, seconds: float) -> None:
    """The second pass: fills the windows that are not in the folder yet."""
    folder.drop_damaged([(plan.frames_to_fill(window), window.scene.working_size) for window in plan.windows])
    is_left = [not folder.has(index) for index in range(len(plan.windows))]
    if not all(is_left):
        log.info("resuming: %d of %d windows are done", is_left.count(False), len(plan.windows))
    has_hole = plan.survey.has_hole
    counts = [sum(has_hole[n] for n in inpainter.filled_frames(window)) for window in plan.windows]
    total = sum(count for count, left in zip(counts, is_left, strict=True) if left)
    with Progress("filling", total, seconds * total / max(sum(counts), 1)) as progress:
        fill_windows(plan.windows, plan.masks, inpainter, folder, progress.update)


def _after_interruption(plan: VideoPlan, folder: PatchFolder) -> str:
    """What an interrupted run leaves behind, and what the next one will do."""
    windows = [plan.frames_to_fill(window) for window in plan.windows]
    num_kept = sum(len(numbers) for index, numbers in enumerate(windows) if folder.has(index)) + folder.num_kept()
    total = sum(map(len, windows))
    if num_kept == 0:
        num_motions = folder.num_kept(MOTION)
        next_time = "starts again"
        if num_motions:
            next_time = f"continues with the motion of {counted(num_motions, 'frame')}, which is kept in {folder.path}"
        return f"interrupted: none of the {counted(total, 'frame')} with a hole is filled; the same command {next_time}"
    if num_kept == total:
        return f"interrupted: all holes are filled and kept in {folder.path}; the same command writes the result"
    kept = f"{num_kept} of {counted(total, 'frame')} with a hole are filled and kept in {folder.path}"
    return f"interrupted: {kept}; the same command fills the other {total - num_kept}"


def _sinks(
    config: VideoConfig, plan: VideoPlan, figures: Figures, made_from: Mapping[str, Any], facts: Mapping[str, str]
) -> list[AbstractContextManager[Sink]]:
    """The sinks that the options ask for, in the order in which they are opened."""
    output, info = plan.output, plan.survey.info
    # Opened first and closed last: once the result is there, everything is.
    sinks = [result_sink(output, info, config)]
    if config.report:
        sinks.append(page_sink(output, info, figures, Path(config.video).name, facts))
    sinks.append(figures_sink(beside(output, FIGURES), figures, made_from))
    if config.overlay:
        sinks.append(overlay_sink(beside(output, OVERLAY), info))
    if config.origins:
        sinks.append(origins_sink(beside(output, ORIGINS)))
    return sinks


def _write(frames: Iterable[FinishedFrame], sinks: Sequence[AbstractContextManager[Sink]]) -> None:
    """The last pass: hands every finished frame to every sink."""
    with ExitStack() as stack:
        opened = [stack.enter_context(sink) for sink in sinks]
        for frame in frames:
            for sink in opened:
                sink.write(frame)
