"""Networks as methods that can be measured."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from master_thesis.evaluation.baselines import Method
from master_thesis.inpainting.algorithms import inpaint
from master_thesis.models.aligner import FrozenAligner
from master_thesis.ops.image import to_float


def network_method(
    aligner: nn.Module, chn: nn.Module, algorithm: str, device: torch.device | str = "cpu", leaps: bool = False
) -> Method:
    """An aligner and a CHN as a method: masked frames and masks in, filled frames out.

    Args:
        aligner: brings references onto targets.
        chn: copies and hallucinates.
        algorithm: ``ff``, ``ip`` or ``cp``.
        device: where the networks are.
        leaps: see :func:`~master_thesis.inpainting.algorithms.inpaint`.
    """
    frozen = FrozenAligner(aligner)

    def fill(frames: np.ndarray, mask: np.ndarray) -> np.ndarray:
        x = to_float(torch.from_numpy(frames)).permute(3, 0, 1, 2).contiguous()
        m = torch.from_numpy(mask).float()[None]
        filled = inpaint(x.to(device), m.to(device), frozen, chn, algorithm, leaps=leaps).frames
        return filled.mul(255).round().byte().permute(1, 2, 3, 0).contiguous().cpu().numpy()

    return fill
