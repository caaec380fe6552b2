"""Tests: figures of an aligner in TensorBoard, and videos of sequences filled by CHN."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytorch_lightning as pl
from torch import nn

from master_thesis.configs.inpainting import InpaintOptions
from master_thesis.inpainting.inpainter import Inpainter
from master_thesis.models.aligner import Aligner, FrozenAligner
from master_thesis.models.hallucinator import Hallucinator
from master_thesis.ops.image import to_bytes, to_float
from master_thesis.records import Clip
from master_thesis.training.alignment import alignment_quality
from master_thesis.training.figures import alignment_figure, show
from master_thesis.video.io.writer import write_video

log = logging.getLogger(__name__)

RATE = 24
"""Frames per second of DAVIS."""


class ClipFigures(pl.LightningModule):
    """Logs the quality of an aligner, and a figure of every clip: masked, aligned, visibility, filled by plain copying.

    Args:
        aligner: aligner to test.
    """

    def __init__(self, aligner: Aligner | nn.Module) -> None:
        super().__init__()
        self.aligner = FrozenAligner(aligner)
        self.num_shown = 0

    def test_step(self, clip: Clip, batch_idx: int) -> None:
        """Logs the quality of a batch, and a figure per clip under the name of its sequence."""
        for name, value in alignment_quality(self.aligner, clip).items():
            self.log(f"test/{name}", value, on_epoch=True, batch_size=len(clip.names), sync_dist=True)
        for i, name in enumerate(clip.names):
            show(self, f"test/{name}", alignment_figure(*_only(clip, i).split(), self.aligner), self.num_shown)
            self.num_shown += 1


class SequenceFilling(pl.LightningModule):
    """Fills complete sequences and writes a video of each by every algorithm.

    Args:
        aligner: aligner to use.
        chn: hallucinator to use.
        folder: folder of the videos.
        algorithms: some of ``ff``, ``ip``, ``cp``.
    """

    def __init__(
        self, aligner: Aligner | nn.Module, chn: Hallucinator | nn.Module, folder: Path, algorithms: Sequence[str]
    ) -> None:
        super().__init__()
        self.aligner = FrozenAligner(aligner)
        self.chn = chn
        self.folder = folder
        self.algorithms = tuple(algorithms)

    def test_step(self, clip: Clip, batch_idx: int) -> None:
        """Fills the single sequence of a batch."""
        x, m = to_float(clip.frames[0]), clip.mask[0].float()
        for algorithm in self.algorithms:
            inpainter = Inpainter(self.aligner, self.chn, InpaintOptions(algorithm), x.device)
            frames = to_bytes(inpainter.fill(x, m).frames).permute(1, 2, 3, 0).cpu().numpy()
            path = video_path(self.folder, clip.names[0], algorithm)
            write_video(path, frames, RATE)
            log.info("wrote %s", path)


def video_path(folder: Path, sequence: str, algorithm: str) -> Path:
    """Returns the path of a sequence's video."""
    return folder / f"{sequence}_{algorithm}.mp4"


def _only(clip: Clip, i: int) -> Clip:
    """Returns the i-th clip of a batch as a batch of one."""
    one = slice(i, i + 1)
    return replace(
        clip,
        frames=clip.frames[one],
        mask=clip.mask[one],
        movement=clip.movement[one],
        is_simulated=clip.is_simulated[one],
        names=clip.names[one],
    )
