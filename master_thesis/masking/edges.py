"""Fits soft masks to the edges of their frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import UInt8

from master_thesis.masking.carrying import GetFrame
from master_thesis.masking.evidence import guided
from master_thesis.masking.finishing import UNSURE
from master_thesis.masking.odds import SURE, log_odds, probability
from master_thesis.masking.spans import FrameMask
from master_thesis.masking.views import SoftMask
from master_thesis.ops.mask import widen_window, window_of

FAINT = 0.05
"""Less than that is not looked at."""
MARGIN_PX = 24
"""Width of the surroundings that are looked at."""


def fit_masks(masks: Iterable[FrameMask], frame_at: GetFrame) -> Iterator[FrameMask]:
    """Fits carried masks to their frames, which are given by number at the size of the masks."""
    for each in masks:
        yield replace(each, mask=fitted(frame_at(each.frame), each.mask))


def fitted(frame: UInt8[np.ndarray, "H W 3"], mask: SoftMask) -> SoftMask:
    """A soft mask with its outline at the edges of the frame.

    What was unsure stays unsure, so that removal still takes it.

    Args:
        frame: RGB.
        mask: the probability of being the object.
    """
    inside = window_of(mask > FAINT)
    if inside is None:
        return mask
    window = widen_window(inside, MARGIN_PX, (mask.shape[0], mask.shape[1]))
    part, soft = np.ascontiguousarray(frame[window]), mask[window]
    grey = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    smooth = guided(grey, log_odds(soft).astype(np.float32)).clip(-20, 20)
    found = mask.copy()
    found[window] = np.maximum(probability(smooth), soft.clip(1 - SURE, UNSURE))
    return found
