"""Pictures of clips for the logs: a row per clip and reference, a column per kind of image."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
import pytorch_lightning as pl
import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor
from torchvision.utils import make_grid

from master_thesis.models.aligner import Aligner
from master_thesis.ops.image import fill_holes
from master_thesis.records import Alignment, Hallucination, MaskedFrames
from master_thesis.training.loggers import log_picture

MAX_CLIPS = 4
"""Largest number of clips in a figure."""
TITLE_PX, PADDING_PX, FONT_SCALE = 16, 2, 0.4


def show(module: pl.LightningModule, name: str, picture: Float[Tensor, "3 H W"], step: int) -> None:
    """Shows an image in the loggers of the run of ``module``."""
    if module._trainer is not None:
        log_picture(module.loggers, name, picture, step)


def alignment_figure(target: MaskedFrames, refs: MaskedFrames, aligner: Aligner) -> Float[Tensor, "3 H W"]:
    """Draws masked target, masked reference, aligned reference, its visibility, and the target filled by plain copying.

    Args:
        target: true targets, ``(B, 3, H, W)``.
        refs: true references, ``(B, 3, F, H, W)``.
        aligner: the aligner to show.
    """
    alignment = aligner.align_encoded(*aligner.encode_clips(target.masked, refs.masked))
    shape = refs.colours.shape
    filled = copy_plainly(target.masked, alignment)
    return rows(
        {
            "target": target.masked.colours.unsqueeze(2).expand(shape),
            "reference": refs.masked.colours,
            "aligned": alignment.aligned,
            "visible": alignment.visible.expand(shape),
            "copied": filled.unsqueeze(2).expand(shape),
        }
    )


def hallucination_figure(target: MaskedFrames, alignment: Alignment, painted: Hallucination) -> Float[Tensor, "3 H W"]:
    """Draws masked target, aligned reference, filled and true target."""
    shape = alignment.aligned.shape
    masked, true = (colours.unsqueeze(2).expand(shape) for colours in (target.masked.colours, target.colours))
    return rows({"target": masked, "aligned": alignment.aligned, "filled": painted.composed, "true": true})


def copy_plainly(target: MaskedFrames, alignment: Alignment) -> Float[Tensor, "B 3 H W"]:
    """Fills the hole of each target from the first aligned reference that shows a pixel; other pixels stay a hole."""
    filled, hole = target.visible * target.colours, target.mask
    for f in range(alignment.aligned.shape[2]):
        copied = hole * alignment.visible[:, :, f]
        filled, hole = filled + copied * alignment.aligned[:, :, f], hole - copied
    return fill_holes(filled + hole, hole)


def rows(columns: Mapping[str, Float[Tensor, "B 3 F H W"]]) -> Float[Tensor, "3 height width"]:
    """Puts images side by side, a row per clip and reference, below the titles of their columns."""
    shown = [rearrange(column[:MAX_CLIPS], "b c f h w -> (b f) c h w").float() for column in columns.values()]
    pictures = rearrange(torch.stack(shown), "column row c h w -> (row column) c h w")
    titles = torch.stack([_title(title, pictures.shape[-1]) for title in columns]).to(pictures)
    parts = [make_grid(part, nrow=len(columns), padding=PADDING_PX) for part in (titles, pictures)]
    return torch.cat((parts[0][:, :-PADDING_PX], parts[1]), dim=1)


def _title(text: str, width: int) -> Float[Tensor, "3 h w"]:
    """Draws a line of white text on black, as wide as a column; smaller where the column is narrow."""
    strip = np.zeros((TITLE_PX, width), np.uint8)
    font, thickness = cv2.FONT_HERSHEY_SIMPLEX, 1
    (length, _), _ = cv2.getTextSize(text, font, FONT_SCALE, thickness)
    scale = min(FONT_SCALE, FONT_SCALE * (width - 2) / length)
    cv2.putText(strip, text, (1, TITLE_PX - 5), font, scale, 255, thickness, cv2.LINE_AA)
    return torch.from_numpy(strip).float().div(255).expand(3, -1, -1)
