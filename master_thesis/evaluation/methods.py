"""Methods: functions that fill the holes of a sequence and can be measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import torch

from master_thesis.inpainting.inpainter import Inpainter
from master_thesis.ops.image import to_bytes, to_float

Method: TypeAlias = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Fills holes: ``(masked frames, mask) -> filled frames``.

Convention:
    Frames are uint8, ``(F, H, W, 3)`` RGB; the mask is bool, ``(F, H, W)``, True = hole. Inputs are not changed.
"""


def network_method(inpainter: Inpainter) -> Method:
    """Makes a method of an algorithm and its networks."""

    def fill(frames: np.ndarray, mask: np.ndarray) -> np.ndarray:
        x = to_float(torch.from_numpy(frames)).permute(3, 0, 1, 2).contiguous()
        m = torch.from_numpy(mask).float()[None]
        filled = inpainter.fill(x, m).frames
        return to_bytes(filled).permute(1, 2, 3, 0).contiguous().cpu().numpy()

    return fill
