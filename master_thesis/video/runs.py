"""The former entry of the command line; see :mod:`master_thesis.video.jobs`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from master_thesis.configs.inpainting import InpaintOptions
from master_thesis.configs.video import VideoConfig
from master_thesis.inpainting.inpainter import Inpainter
from master_thesis.models.aligner import Aligner, AlignsPairs
from master_thesis.models.hallucinator import Hallucinator
from master_thesis.records import Hallucination
from master_thesis.video.jobs import run_jobs
from master_thesis.video.pipeline import VideoResult


def run_video(
    config: VideoConfig,
    aligner: Aligner | AlignsPairs,
    chn: Hallucinator | Callable[..., Hallucination],
    algorithms: Sequence[str] = ("ip",),
    test_size: tuple[int, int] | None = (240, 480),
    device: torch.device | str = "cpu",
    **options: Any,
) -> list[VideoResult]:
    """Fills a video, or every video of a folder (see :func:`run_jobs`)."""
    records = [InpaintOptions(name, **{"skip_idle": config.leaps, **options}) for name in algorithms]
    inpainters = [Inpainter(aligner, chn, record, torch.device(device)) for record in records]
    return run_jobs(config, inpainters, test_size)
