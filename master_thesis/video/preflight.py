"""Examining a video, its masks and the output before any heavy work: all problems at once, in plain words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from master_thesis.configs.video import VideoConfig
from master_thesis.errors import UserError
from master_thesis.video.checks import Findings, counted, examine_frames, examine_masks, examine_output
from master_thesis.video.io.decoding import open_source
from master_thesis.video.io.masks import ALPHA, Masks, open_masks
from master_thesis.video.outputs import default_output, with_own_name
from master_thesis.video.plan import Scene, Window, plan_scenes, plan_windows
from master_thesis.video.resources import GIB, memory_needed, resource_problems
from master_thesis.video.survey import Survey, survey


@dataclass
class Preflight(Findings):
    """What was found, and what will be done.

    Attributes:
        output: where the result goes.
        masks: the video with its masks; None where they cannot be opened.
        found: what the pass over the frames found; None where there was none.
        scenes: the scenes that have a hole.
        windows: what is filled at a time.
    """

    output: Path = Path()
    masks: Masks | None = None
    found: Survey | None = None
    scenes: list[Scene] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)


def examine(
    config: VideoConfig,
    reach: int,
    test_size: tuple[int, int] | None,
    on_frame: Callable[[int], None] | None = None,
) -> Preflight:
    """Examines everything a run would touch, without changing anything.

    Args:
        config: the options.
        reach: how many frames around a frame it can be filled from.
        test_size: about how many pixels are worked on, as height and width; None: the video's own.
        on_frame: is told after every frame that was looked at how many there should be; 0: nobody knows.
    """
    report = Preflight()
    try:
        video = open_source(Path(str(config.video)), config.frame_rate)
    except UserError as error:
        report.problems.append(str(error))
        if config.mask != ALPHA and not Path(str(config.mask)).exists():
            report.problems.append(f"--mask {config.mask}: there is no such file or folder")
        return report
    output = Path(config.output) if config.output else default_output(video.info.path, video.info, config.lossless)
    report.output = with_own_name(output)
    examine_output(report, report.output, config, video.info)
    try:
        report.masks = open_masks(str(config.mask), video, config.object_ids, config.invert_mask, config.mask_dilation)
    except UserError as error:
        report.problems.append(str(error))
        return report
    report.found = survey(report.masks, on_frame)
    examine_frames(report, report.found)
    examine_masks(report, report.found, config)
    if not report.problems:
        _plan(report, report.found, config, reach, test_size)
    return report


def _plan(report: Preflight, found: Survey, config: VideoConfig, reach: int, test_size: tuple[int, int] | None) -> None:
    report.scenes = plan_scenes(found.boxes, found.cuts, found.info.size, test_size)
    try:
        report.windows = plan_windows(report.scenes, found.has_hole, config.window, reach)
    except UserError as error:
        report.problems.append(str(error))
        return
    sizes = sorted({scene.working_size for scene in report.scenes})
    shown = ", ".join(f"{w} x {h}" for h, w in sizes[:3]) + (" ..." if len(sizes) > 3 else "")
    how = "its own resolution, in a crop of" if test_size is None else "a working size of"
    report.facts.append(f"the hole is filled at {how} {shown}, in {counted(len(report.windows), 'window')} of frames")
    needed = max(memory_needed(report.windows) / GIB, 0.1)
    report.facts.append(f"memory: about {needed:.1f} GiB beside the networks")
    report.problems += resource_problems(report.windows, report.output, found.num_frames, found.info.size)
