"""From the options of a video, or of a folder of videos, to results and the pages that show them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from master_thesis.config import VideoConfig
from master_thesis.inpainting.batch import is_batch, jobs, run_jobs
from master_thesis.inpainting.preflight import Preflight
from master_thesis.inpainting.video import VideoResult, inpaint_video
from master_thesis.io.decoding import open_source
from master_thesis.io.output import default_output
from master_thesis.report.page import write_page
from master_thesis.report.preview import Preview

log = logging.getLogger(__name__)

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

    def fill(job: VideoConfig) -> None:
        for algorithm in algorithms:
            named = job if len(algorithms) == 1 else replace(job, output=str(_named(job, algorithm)))
            results.append(_fill(named, aligner, chn, algorithm, test_size, device, options))

    if is_batch(config):
        run_jobs(jobs(config), fill)
    else:
        fill(config)
    return results


def _fill(
    config: VideoConfig,
    aligner: Any,
    chn: Any,
    algorithm: str,
    test_size: tuple[int, int] | None,
    device: torch.device | str,
    options: dict[str, Any],
) -> VideoResult:
    if not config.report or config.check:
        return inpaint_video(config, aligner, chn, algorithm, test_size, device, **options)

    def observer(report: Preflight) -> Preview:
        return Preview(_preview(report.output), report)

    result = inpaint_video(config, aligner, chn, algorithm, test_size, device, observer, **options)
    assert result.output
    preview, page = _preview(result.output), result.output.with_name(f"{result.output.stem}.html")
    try:
        facts = _facts(config, result, algorithm)
        write_page(page, Path(str(config.video)).name, result.sentence, result.origins, facts, preview)
    finally:
        preview.unlink()
    log.info("look at %s", page)
    return result


def _facts(config: VideoConfig, result: VideoResult, algorithm: str) -> dict[str, str]:
    """What the page tells of how the result was made."""
    facts = {"algorithm": f"{algorithm} ({ALGORITHMS[algorithm]})", "result": str(result.output)}
    facts |= {"found": "\n".join([*result.preflight.facts, *result.preflight.notices])}
    options = {name: value for name, value in vars(config).items() if name not in ("output", "report", "check")}
    shown = {f"--{name}": " ".join(map(str, v)) if isinstance(v, tuple) else str(v) for name, v in options.items() if v}
    return facts | shown


def _preview(output: Path) -> Path:
    return output.with_name(f"{output.stem}.preview.mp4")


def _named(job: VideoConfig, algorithm: str) -> Path:
    video = Path(str(job.video))
    output = Path(job.output) if job.output else default_output(video, open_source(video).info, job.lossless)
    return output.with_name(f"{output.stem}_{algorithm}{output.suffix}")
