"""Examines a video, its masks and the output before the work begins, and reports all problems together."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from pathlib import Path

from master_thesis.configs.video import VideoConfig, WorkingSize
from master_thesis.errors import UserError
from master_thesis.runtime.memory import used_memory
from master_thesis.video.io.decoding import open_source
from master_thesis.video.io.held import HeldMasks
from master_thesis.video.io.masks import ALPHA, Masks, open_masks
from master_thesis.video.io.orientation import is_quarter_turn, swaps_axes
from master_thesis.video.io.source import VideoInfo
from master_thesis.video.mask_notices import held_notice, matching_notices, why_empty
from master_thesis.video.outlook import Outlook, predict
from master_thesis.video.outputs import chosen_output, output_notices, output_problems
from master_thesis.video.plan import SOFT_BELOW, VideoPlan, plan_scenes, plan_windows
from master_thesis.video.resources import GIB, memory_needed, resource_problems, writing_bytes
from master_thesis.video.samples import Samples
from master_thesis.video.survey import Survey, survey
from master_thesis.wording import counted, in_one_message, listed

SLACK = 0.01
"""Share of frames (at least two frames) by which counts may differ: cameras and converters lose a frame or two."""
MAX_MEAN_HOLE = 50.0
"""Mean hole, in percent, beyond which masks are considered inverted."""
WIDE = 20
"""Pixels of ``--mask_dilation`` from which it may be the cause."""


@dataclass
class Report:
    """What the examination of a video found. The work can begin if there are no problems.

    Attributes:
        facts: what will be done, one line each.
        notices: how oddities are handled, one line each.
        problems: what prevents the work, one line each.
        draft: the plan of the work, if the examination came that far.
        samples: a few reduced frames.
        outlook: what can be expected, if there is a plan.
        seconds: how long a pass over the video takes.
    """

    facts: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    draft: VideoPlan | None = None
    samples: Samples = field(default_factory=Samples)
    outlook: Outlook | None = None
    seconds: float = 0.0

    def lines(self) -> list[str]:
        """Facts and notices, ready for the log; problems are raised by :meth:`plan`."""
        return [*self.facts, *(f"note: {notice}" for notice in self.notices)]

    def plan(self) -> VideoPlan:
        """The plan of the work.

        Raises:
            UserError: lists all problems.
        """
        if self.problems or self.draft is None:
            raise UserError(in_one_message(self.problems))
        return self.draft


def examine(config: VideoConfig, reach: int, working_size: WorkingSize) -> Report:
    """Examines everything that a run would touch, without changing anything.

    Args:
        config: the options of the video.
        reach: how many frames away a frame can be filled from.
        working_size: the number of pixels to process (see :data:`~master_thesis.configs.video.WorkingSize`).
    """
    report = Report()
    if not config.mask:
        report.problems.append("--mask should be a file or a folder: what to remove")
        return report
    try:
        _examine_frames(report, _open_inputs(report, config), config, reach, working_size)
    except UserError as error:  # nothing beyond it can be examined
        report.problems.append(str(error))
    return report


def early_problems(config: VideoConfig) -> list[str]:
    """What is wrong whatever the frames show, one line each; an empty mask is one that is yet to be made."""
    report = Report()
    _open_inputs(report, config)
    return report.problems


def _open_inputs(report: Report, config: VideoConfig) -> Masks | None:
    """Opens video and masks, and checks the output; None if there is a problem, or no mask yet."""
    drawn = None
    try:
        video = open_source(Path(config.video), config.frame_rate, config.keep_going)
    except UserError as error:
        report.problems.append(str(error))
        if config.mask not in ("", ALPHA) and not Path(config.mask).exists():
            report.problems.append(f"--mask {config.mask}: there is no such file or folder")
        return None
    try:
        check_output(report, chosen_output(config, video.info), config, video.info)
        widening = config.widening(video.info.size)
        if config.mask:
            drawn = open_masks(config.mask, video, config.object_ids, config.invert_mask, widening, config.hold_masks)
    except UserError as error:
        report.problems.append(str(error))
    return None if report.problems else drawn


def _examine_frames(
    report: Report, drawn: Masks | None, config: VideoConfig, reach: int, working_size: WorkingSize
) -> None:
    if drawn is None:
        return
    masks = HeldMasks(drawn)
    start = time.monotonic()
    found = survey(masks, report.samples.add)
    report.seconds = time.monotonic() - start
    check_frames(report, found, config)
    check_masks(report, found, config)
    if report.problems:
        return
    scenes = plan_scenes(found.boxes, found.cuts, found.info.size, working_size)
    windows = plan_windows(scenes, found.has_hole, config.window, reach)
    report.draft = VideoPlan(chosen_output(config, found.info), masks, found, scenes, windows)
    report.outlook = predict(report.samples.kept, scenes, found.info.size)
    check_plan(report, report.draft)


def check_output(report: Report, output: Path, config: VideoConfig, info: VideoInfo) -> None:
    """Checks whether the result can be written, and notes what it will lack."""
    report.problems += output_problems(output, config, info)
    report.notices += output_notices(output, config, info)
    if info.is_interlaced:
        report.notices.append("the video is interlaced, the result is not: fast movement may show combs")
    if not is_quarter_turn(info.display_matrix):
        report.notices.append("the video is rotated by an odd angle: masks are read as drawn on unrotated frames")


def check_frames(report: Report, found: Survey, config: VideoConfig) -> None:
    """Describes the frames, and checks whether all of them could be read."""
    info, count = found.info, found.num_frames
    if found.error:
        report.problems.append(found.error)
    if count == 0:
        return
    _check_end(report, found)
    report.notices += held_notice(found)
    if found.is_transparent and config.mask != ALPHA:
        report.notices.append("the video has transparency, the result has none")
    height, width = info.displayed_size
    sound = f", sound: {', '.join(info.audio_codecs)}" if info.audio_codecs else ""
    report.facts.append(
        f"{info.path}: {counted(count, 'frame')}, {width} x {height}, "
        f"{float(info.timing.rate):.4g} frames per second{sound}"
    )
    if found.cuts:
        num_scenes, places = len(found.cuts) + 1, listed("frame", found.cuts)
        report.facts.append(f"{num_scenes} scenes (cuts at {places}); nothing is copied across a cut")


def _check_end(report: Report, found: Survey) -> None:
    """Checks whether the video is as long as its headers say; containers are not always exact."""
    info, count, timing = found.info, found.num_frames, found.info.timing
    missing = info.estimated_frames - count
    if not found.error and missing > 0:
        line = f"{info.path}: should have {info.estimated_frames} frames, but {missing} of them are missing"
        (report.problems if missing > _slack(count) else report.notices).append(line)
    last, slack = (
        found.last_pts + max(found.last_length, timing.ticks_per_frame),
        (1 + _slack(count)) * timing.ticks_per_frame,
    )
    if timing.end is not None and timing.end - last > slack:
        claimed, actual = (float(ticks * timing.time_base) for ticks in (timing.end, last))
        report.notices.append(f"{info.path}: should last {claimed:.1f} s, but its frames end at {actual:.1f} s")


def check_masks(report: Report, found: Survey, config: VideoConfig) -> None:
    """Checks whether the masks fit the frames and make sense."""
    if found.num_frames == 0:
        return
    _check_pairing(report, found)
    mean = sum(found.hole_percent) / found.num_frames
    empty = found.num_frames - sum(found.has_hole)
    if empty == found.num_frames and not found.error:
        ids = " with these --object_ids" if config.object_ids else ""
        report.problems.append(
            f"--mask {config.mask}: no frame has a hole{ids}, so there is nothing to fill{why_empty(found, config)}"
        )
    elif mean > MAX_MEAN_HOLE:
        remedy = "leave out" if config.invert_mask else "add"
        widening = config.widening(found.info.size)
        wide = f" (or reduce --mask_dilation {widening})" if widening > WIDE else ""
        report.problems.append(
            f"--mask {config.mask}: the hole would cover {mean:.0f} % of the frames, "
            f"so the masks are probably inverted: {remedy} --invert_mask{wide}"
        )
    else:
        largest = max(range(found.num_frames), key=found.hole_percent.__getitem__)
        most = f"at most {found.hole_percent[largest]:.1f} % (frame {largest})"
        report.facts.append(f"hole: {mean:.1f} % of the frames on average, {most}")
        if empty:
            report.notices.append(f"{empty} of {counted(found.num_frames, 'frame')} without a hole: left unchanged")


def _check_pairing(report: Report, found: Survey) -> None:
    tally = found.tally
    report.notices += matching_notices(found)
    if max(tally.held, tally.extra) > _slack(found.num_frames) and not tally.absent:
        report.problems.append(
            f"{counted(tally.used + tally.extra, 'mask')} for {counted(found.num_frames, 'frame')}: "
            "there should be one for every frame, or a single image for all"
        )
    elif tally.held:
        report.notices.append(
            f"no mask for the last {counted(tally.held, 'frame')}: the last mask is repeated "
            "(if the first one is missing instead, all of them come too early)"
        )
    elif tally.extra:
        report.notices.append(f"{counted(tally.extra, 'mask')} without a frame: ignored")
    if tally.absent:
        report.notices.append(f"{counted(tally.absent, 'frame')} without a mask of that name: left unchanged")
    if tally.resized_from:
        h, w = tally.resized_from
        report.notices.append(f"masks of {w} x {h} are resized to the video")


def check_plan(report: Report, plan: VideoPlan) -> None:
    """Describes the plan, and checks whether the machine has the memory and disk space for it."""
    is_turned = swaps_axes(plan.survey.info.display_matrix)  # people know their video as players show it
    sizes = sorted({scene.working_size[:: -1 if is_turned else 1] for scene in plan.scenes})
    shown = ", ".join(f"{w} x {h}" for h, w in sizes[:3]) + (" ..." if len(sizes) > 3 else "")
    scale = min(scene.scale for scene in plan.scenes)
    how = "its own resolution, in a crop of" if scale == 1 else "a working size of"
    report.facts.append(f"the hole is filled at {how} {shown}, in {counted(len(plan.windows), 'window')} of frames")
    if scale < SOFT_BELOW:
        report.notices.append(
            f"the result will be soft: the hole is filled at {100 * scale:.0f} % of the video's width and height; "
            "a larger --test_size, or native, is sharper, but takes more time and memory"
        )
    found = plan.survey
    shares = [percent / 100 for percent in found.hole_percent if percent]
    hole_pixels = round(sum(shares) / max(len(shares), 1) * math.prod(found.info.size))
    filling = memory_needed(plan.windows, hole_pixels) + writing_bytes(found.num_frames, found.info.size)
    needed = (filling + used_memory()) / GIB
    report.facts.append(f"memory: about {max(needed, 0.1):.1f} GiB at its peak")
    report.problems += resource_problems(plan.windows, plan.output, found.num_frames, found.info.size, hole_pixels)


def _slack(num_frames: int) -> int:
    return max(2, round(SLACK * num_frames))
