"""From the options of a video, or of a folder of videos, to results and the pages that show them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from master_thesis.configs.video import VideoConfig
from master_thesis.video.checks import Findings, examine_output
from master_thesis.video.io.decoding import open_source
from master_thesis.video.jobs import Job, is_batch, jobs, run_jobs
from master_thesis.video.outputs import PAGE, beside, default_output, with_own_name
from master_thesis.video.pipeline import VideoResult, inpaint_video
from master_thesis.video.preflight import Preflight
from master_thesis.video.report.page import write_page
from master_thesis.video.report.preview import Preview

log = logging.getLogger(__name__)

PREVIEW = ".preview.mp4"
"""Ending of the small video that goes into the page."""

UNTOLD = ("output", "report", "check", "overwrite")
"""Options that say nothing of how the result was made."""

ALGORITHMS = {"ff": "frame by frame", "ip": "inpaint and propagate", "cp": "copy and propagate"}


def run_video(
    config: VideoConfig,
    aligner: Any,
    chn: Any,
    algorithms: Sequence[str] = ("ip",),
    test_size: tuple[int, int] | None = (240, 480),
    device: torch.device | str = "cpu",
    **options: Any,
) -> list[VideoResult]:
    """Fills a video or every video of a folder, by one algorithm or several.

    Args:
        config: video, mask, output and how they are handled.
        aligner: brings references onto targets.
        chn: copies and hallucinates.
        algorithms: which to use; with several, their names end those of the results.
        test_size: about how many pixels the hole is filled at, as height and width; None: the video's own.
        device: where the networks are.
        options: further arguments of :func:`master_thesis.inpainting.algorithms.inpaint`.

    Raises:
        UserError: names everything that has to be mended.
    """
    results: list[VideoResult] = []

    def fill(job: Job) -> None:
        page = _Page(job) if config.report else None
        observer, finish = (page.observe, page.finish) if page else (None, None)
        result = inpaint_video(job.config, aligner, chn, job.algorithm, test_size, device, observer, finish, **options)
        if page and result.output:
            log.info("look at %s", beside(result.output, PAGE))
        results.append(result)

    if is_batch(config):
        run_jobs(jobs(config, algorithms), fill)
    else:
        for job in _named(config, algorithms):
            fill(job)
    return results


@dataclass(frozen=True)
class _Page:
    """The page of a job: its preview is written along with the video, the page when the video is about to appear."""

    job: Job

    def observe(self, report: Preflight) -> Preview:
        return Preview(beside(report.output, PREVIEW), report)

    def finish(self, result: VideoResult) -> None:
        assert result.output
        config, preview = self.job.config, beside(result.output, PREVIEW)
        try:
            facts = _facts(config, result, self.job.algorithm)
            title = Path(str(config.video)).name
            write_page(beside(result.output, PAGE), title, result.sentence, result.origins, facts, preview)
        finally:
            preview.unlink()


def _facts(config: VideoConfig, result: VideoResult, algorithm: str) -> dict[str, str]:
    """What the page tells of how the result was made."""
    facts = {"algorithm": f"{algorithm} ({ALGORITHMS[algorithm]})", "result": str(result.output)}
    facts |= {"found": "\n".join([*result.preflight.facts, *result.preflight.notices])}
    options = {name: value for name, value in vars(config).items() if name not in UNTOLD}
    shown = {f"--{name}": " ".join(map(str, v)) if isinstance(v, tuple) else str(v) for name, v in options.items() if v}
    return facts | shown


def _named(config: VideoConfig, algorithms: Sequence[str]) -> list[Job]:
    """One job per algorithm; of several, the outputs carry its name, and none is begun where one cannot be written."""
    if len(algorithms) == 1:
        return [Job(config, algorithms[0])]
    video, problems = Path(str(config.video)), Findings()
    info = open_source(video, config.frame_rate).info
    output = with_own_name(Path(config.output)) if config.output else default_output(video, info, config.lossless)
    found = []
    for algorithm in algorithms:
        named = output.with_name(f"{output.stem}_{algorithm}{output.suffix}")
        examine_output(problems, named, config, info)
        found.append(Job(replace(config, output=str(named)), algorithm))
    problems.raise_problems()
    return found
