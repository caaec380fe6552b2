"""A film in the logs: how the network of a training fills the frames of a validation sequence."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytorch_lightning as pl
import torch
from jaxtyping import UInt8
from pytorch_lightning.callbacks import Callback

from master_thesis.configs.inpainting import InpaintOptions
from master_thesis.data.datamodule import DataModule
from master_thesis.data.film import load_film
from master_thesis.inpainting.inpainter import Inpainter
from master_thesis.models.aligner import Aligner
from master_thesis.models.painter import SmoothPainter
from master_thesis.ops.image import fill_holes, to_bytes, to_float
from master_thesis.training.base import NetworkTraining
from master_thesis.training.chn import CHNTraining
from master_thesis.training.loggers import log_film

NAME = "validation/film"
SMOOTH = SmoothPainter()
"""Paints what a network that is trained to align cannot copy."""


class ValidationFilm(Callback):
    """Logs masked and filled frames side by side after each validation, always of the same sequence.

    Args:
        num_frames: length of the film.
    """

    def __init__(self, num_frames: int) -> None:
        self.num_frames = num_frames

    def on_validation_epoch_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Fills the film and logs it."""
        if trainer.sanity_checking or not trainer.is_global_zero:
            return
        data = trainer.datamodule  # type: ignore[attr-defined]
        assert isinstance(data, DataModule)
        assert data.index is not None
        assert isinstance(module, NetworkTraining)
        log_film(
            trainer.loggers,
            NAME,
            self.draw(module, *load_film(data.config, data.index, self.num_frames)),
            trainer.global_step,
        )

    @torch.no_grad()
    def draw(
        self, module: NetworkTraining, frames: UInt8[np.ndarray, "F H W 3"], masks: np.ndarray
    ) -> UInt8[np.ndarray, "F H 2*W 3"]:
        """Draws the masked frames and, to their right, the filled ones."""
        x = to_float(torch.from_numpy(frames)).permute(3, 0, 1, 2).to(module.device)
        m = torch.from_numpy(masks)[None].to(x)
        filled = _inpainter(module).fill(x, m).frames
        both = torch.cat((fill_holes(x[None], m[None])[0].to(filled), filled), dim=-1)
        return to_bytes(both).permute(1, 2, 3, 0).cpu().numpy()


def _inpainter(module: NetworkTraining) -> Inpainter:
    """Fills with the networks as they are."""
    options = InpaintOptions("ip")
    if isinstance(module, CHNTraining):
        return Inpainter(module.aligner, module.network, options, module.device)
    return Inpainter(cast(Aligner, module.network), SMOOTH, options, module.device)
