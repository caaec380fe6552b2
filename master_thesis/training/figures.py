"""Pictures of clips for TensorBoard: a row per picture kind, so that one looks down a column to compare."""

from __future__ import annotations

import pytorch_lightning as pl
import torch
from einops import rearrange
from jaxtyping import Float
from pytorch_lightning.loggers import TensorBoardLogger
from torch import Tensor
from torchvision.utils import make_grid

from master_thesis.ops.image import fill_holes
from master_thesis.ops.views import Views
from master_thesis.records import Alignment, Hallucination

MAX_CLIPS = 4
"""Clips of a batch that are shown."""


def show(module: pl.LightningModule, name: str, picture: Float[Tensor, "3 H W"], step: int) -> None:
    """Writes a picture to TensorBoard, if that is where the run of ``module`` is logged."""
    if isinstance(module.logger, TensorBoardLogger):
        module.logger.experiment.add_image(name, picture.detach().float().clamp(0, 1).cpu(), step)


def alignment_figure(views: Views, alignment: Alignment) -> Float[Tensor, "3 H W"]:
    """A row per clip and reference: masked target, masked reference, aligned, its visibility, filled by copying."""
    target, mask_target, refs, _ = views.masked
    shape = refs.shape
    filled = copy_plainly(target, mask_target, alignment)
    return rows(
        target.unsqueeze(2).expand(shape),
        refs,
        alignment.aligned,
        alignment.visible.expand(shape),
        filled.unsqueeze(2).expand(shape),
    )


def hallucination_figure(views: Views, alignment: Alignment, painted: Hallucination) -> Float[Tensor, "3 H W"]:
    """A row per clip and reference: masked target, aligned reference, filled, true."""
    target = views.masked[0]
    shape = alignment.aligned.shape
    return rows(
        target.unsqueeze(2).expand(shape), alignment.aligned, painted.composed, views.target.unsqueeze(2).expand(shape)
    )


def copy_plainly(
    target: Float[Tensor, "B 3 H W"], mask_target: Float[Tensor, "B 1 H W"], alignment: Alignment
) -> Float[Tensor, "B 3 H W"]:
    """The target's hole filled with the first aligned reference that shows each pixel; the rest stays a hole."""
    filled, hole = (1 - mask_target) * target, mask_target
    for f in range(alignment.aligned.shape[2]):
        copied = hole * alignment.visible[:, :, f]
        filled, hole = filled + copied * alignment.aligned[:, :, f], hole - copied
    return fill_holes(filled + hole, hole)


def rows(*columns: Float[Tensor, "B 3 F H W"]) -> Float[Tensor, "3 height width"]:
    """Pictures side by side, a row per clip and reference."""
    shown = [rearrange(column[:MAX_CLIPS], "b c f h w -> (b f) c h w").float() for column in columns]
    pictures = rearrange(torch.stack(shown), "column row c h w -> (row column) c h w")
    return make_grid(pictures, nrow=len(columns))
