"""Testing: an aligner shown clip by clip in TensorBoard, CHN by filling whole sequences."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytorch_lightning as pl
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from master_thesis.inpainting.inpainter import inpaint
from master_thesis.models.aligner import FrozenAligner
from master_thesis.ops.image import to_float
from master_thesis.records import Clip
from master_thesis.training.figures import alignment_figure, show
from master_thesis.video.io.writer import write_video

log = logging.getLogger(__name__)

RATE = 24
"""Frames per second of DAVIS."""


class ClipFigures(pl.LightningModule):
    """Shows what an aligner makes of every clip: masked, aligned, visibility, filled by plain copying.

    Args:
        aligner: a module with the verb ``align``.
    """

    def __init__(self, aligner: nn.Module) -> None:
        super().__init__()
        self.aligner = FrozenAligner(aligner)
        self.num_shown = 0

    def test_step(self, clip: Clip, batch_idx: int) -> None:
        """A figure per clip, under the name of its sequence."""
        for i, name in enumerate(clip.names):
            show(self, f"test/{name}", alignment_figure(*_only(clip, i).split(), self.aligner), self.num_shown)
            self.num_shown += 1


class SequenceFilling(pl.LightningModule):
    """Fills whole sequences and writes a video of each by every algorithm.

    Args:
        aligner: a module with the verb ``align``.
        chn: paints what was aligned.
        folder: where the videos go.
        algorithms: some of ``ff``, ``ip``, ``cp``.
    """

    def __init__(self, aligner: nn.Module, chn: nn.Module, folder: Path, algorithms: Sequence[str]) -> None:
        super().__init__()
        self.aligner = FrozenAligner(aligner)
        self.chn = chn
        self.folder = folder
        self.algorithms = tuple(algorithms)

    def test_step(self, clip: Clip, batch_idx: int) -> None:
        """Fills the one sequence of a batch."""
        x, m = to_float(clip.frames[0]), clip.mask[0].float()
        for algorithm in self.algorithms:
            filled = inpaint(x, m, self.aligner, self.chn, algorithm).frames
            path = video_path(self.folder, clip.names[0], algorithm)
            write_video(path, to_bytes(filled), RATE)
            log.info("wrote %s", path)


def video_path(folder: Path, sequence: str, algorithm: str) -> Path:
    """Where the video of a sequence goes."""
    return folder / f"{sequence}_{algorithm}.mp4"


def to_bytes(frames: Float[Tensor, "3 F H W"]) -> Iterator[UInt8[np.ndarray, "H W 3"]]:
    """Frames in [0, 1] one by one as pictures; what was a byte before is the same byte again."""
    for frame in frames.unbind(dim=1):
        yield frame.mul(255).round().clamp(0, 255).byte().permute(1, 2, 0).cpu().numpy()


def _only(clip: Clip, i: int) -> Clip:
    """The i-th clip of a batch, as a batch of one."""
    one = slice(i, i + 1)
    return replace(
        clip,
        frames=clip.frames[one],
        mask=clip.mask[one],
        movement=clip.movement[one],
        is_simulated=clip.is_simulated[one],
        names=clip.names[one],
    )
