"""What a survey means for the user: facts, notices and problems, in plain words."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from master_thesis.configs.video import VideoConfig
from master_thesis.errors import UserError
from master_thesis.video.io.masks import ALPHA
from master_thesis.video.io.orientation import is_quarter_turn, swaps_axes
from master_thesis.video.io.source import VideoInfo
from master_thesis.video.outputs import is_frame_folder, output_problems
from master_thesis.video.survey import Survey

SLACK = 0.01
"""Share of frames (or two frames) by which counts may differ: cameras and converters drop a frame or two."""
MAX_MEAN_HOLE = 50.0
"""Percent of the frames; beyond it masks are taken to be the wrong way round."""
WIDE = 20
"""Pixels of ``--mask_dilation`` from which it may be to blame."""


@dataclass
class Findings:
    """What was found; the work may begin where there are no problems.

    Attributes:
        facts: what will be worked on, one line each.
        notices: what is done about oddities, one line each.
        problems: what has to be mended first, one line each.
    """

    facts: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """What was found, ready to be shown; problems are raised, not shown."""
        return [*self.facts, *(f"note: {notice}" for notice in self.notices)]

    def raise_problems(self) -> None:
        """Stops here where anything has to be mended.

        Raises:
            UserError: names every problem.
        """
        if len(self.problems) == 1:
            raise UserError(self.problems[0])
        if self.problems:
            raise UserError(f"{len(self.problems)} problems:\n" + "\n".join(f"- {p}" for p in self.problems))


def examine_output(report: Findings, chosen: Path, config: VideoConfig, info: VideoInfo) -> None:
    """Whether the result can be written, and what it will lack."""
    report.problems += output_problems(chosen, config, info)
    if is_frame_folder(chosen) and info.audio_codecs:
        report.notices.append(f"a folder of frames holds no sound: that of {info.path} is left out")
    if not config.output and chosen.suffix == ".mkv" and not config.lossless:
        report.notices.append(f"the sound ({', '.join(info.audio_codecs)}) does not fit into .mp4: the result is .mkv")
    if any(side % 2 for side in info.size) and chosen.suffix and not config.lossless:
        report.notices.append("an odd size needs H.264 4:4:4, which some players do not show (browsers: Chrome does)")
    if info.bits > 8:
        report.notices.append(f"the video has {info.bits} bits per colour, the result has 8")
    if info.is_hdr:
        report.notices.append("the video is HDR, the result is not: its colours will look dull")
    if info.is_interlaced:
        report.notices.append("the video is interlaced, the result is not: fast movement may show combs")
    if info.has_alpha and config.mask != ALPHA:
        report.notices.append("the video has transparency, the result has none")
    if not is_quarter_turn(info.display_matrix):
        report.notices.append("the video is turned by an odd angle: masks are taken as drawn on the unturned frames")


def examine_frames(report: Findings, found: Survey) -> None:
    """What the frames are, and whether all of them came."""
    info, count = found.info, found.num_frames
    if found.error:
        report.problems.append(found.error)
    if count == 0:
        return
    _examine_end(report, found)
    height, width = reversed(info.size) if swaps_axes(info.display_matrix) else info.size
    sound = f", sound: {', '.join(info.audio_codecs)}" if info.audio_codecs else ""
    report.facts.append(
        f"{info.path}: {counted(count, 'frame')}, {width} x {height}, "
        f"{float(info.timing.rate):.4g} frames per second{sound}"
    )
    if found.cuts:
        shown = ", ".join(map(str, found.cuts[:10])) + (" ..." if len(found.cuts) > 10 else "")
        report.facts.append(f"{len(found.cuts) + 1} scenes (cuts at frames {shown}); nothing is copied across a cut")


def _examine_end(report: Findings, found: Survey) -> None:
    """Whether as much came as the file promises; containers are not always exact."""
    info, count, timing = found.info, found.num_frames, found.info.timing
    missing = info.estimated_frames - count
    if not found.error and missing > 0:
        told = f"{info.path}: should have {info.estimated_frames} frames, {missing} of them cannot be found"
        (report.problems if missing > _slack(count) else report.notices).append(told)
    last, slack = found.last_pts + timing.ticks_per_frame, (1 + _slack(count)) * timing.ticks_per_frame
    if timing.end is not None and timing.end - last > slack:
        promised, came = (float(ticks * timing.time_base) for ticks in (timing.end, last))
        report.notices.append(f"{info.path}: should last {promised:.1f} s, its frames end at {came:.1f} s")


def examine_masks(report: Findings, found: Survey, config: VideoConfig) -> None:
    """Whether the masks fit the frames and make sense."""
    if found.num_frames == 0:
        return
    _examine_pairing(report, found)
    mean = sum(found.hole_percent) / found.num_frames
    empty = found.num_frames - sum(found.has_hole)
    if empty == found.num_frames and not found.error:
        ids = " with these --object_ids" if config.object_ids else ""
        report.problems.append(f"--mask {config.mask}: no frame has a hole{ids}, so there is nothing to do")
    elif mean > MAX_MEAN_HOLE:
        remedy = "leave out --invert_mask" if config.invert_mask else "--invert_mask swaps them"
        wide = f" (or --mask_dilation {config.mask_dilation} is too much)" if config.mask_dilation > WIDE else ""
        report.problems.append(
            f"--mask {config.mask}: {mean:.0f} % of the frames would be hole: "
            f"probably hole and known are swapped, {remedy}{wide}"
        )
    else:
        largest = max(range(found.num_frames), key=found.hole_percent.__getitem__)
        most = f"at most {found.hole_percent[largest]:.1f} % (frame {largest})"
        report.facts.append(f"hole: {mean:.1f} % of the frames on the mean, {most}")
        if empty:
            report.notices.append(f"{empty} of {counted(found.num_frames, 'frame')} without a hole: left as they are")


def _examine_pairing(report: Findings, found: Survey) -> None:
    tally = found.tally
    if max(tally.held, tally.extra) > _slack(found.num_frames) and not tally.absent:
        report.problems.append(
            f"{counted(tally.used + tally.extra, 'mask')} for {counted(found.num_frames, 'frame')}: "
            "there should be one for every frame, or a single image for all"
        )
    elif tally.held:
        report.notices.append(f"no mask for the last {counted(tally.held, 'frame')}: the one before is kept")
    elif tally.extra:
        report.notices.append(f"{counted(tally.extra, 'mask')} without a frame: left out")
    if tally.absent:
        report.notices.append(f"{counted(tally.absent, 'frame')} without a mask of that name: taken to have no hole")
    if tally.resized_from:
        h, w = tally.resized_from
        report.notices.append(f"masks of {w} x {h} are resized to the video")


def counted(number: int, what: str) -> str:
    """A number and what it counts.

    >>> counted(1, "frame"), counted(2, "frame")
    ('1 frame', '2 frames')
    """
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _slack(num_frames: int) -> int:
    return max(2, round(SLACK * num_frames))
