"""Masks that are drawn generously, around the object instead of on its outline.

The network draws outlines at the edges of the object. How much wider the masks of the key frames are shows where it is
asked for these.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from master_thesis.masking.carrying import overlap
from master_thesis.masking.finishing import THRESHOLD
from master_thesis.masking.views import SoftMask
from master_thesis.ops.mask import disc

WIDTHS_PX = range(0, 13, 2)
"""How much wider masks may be, all around."""
MIN_GAIN = 0.02
"""Mean gain in overlap with the masks of the key frames; less is no sign of generous ones."""


def generosity(masks: Sequence[SoftMask], found: Sequence[SoftMask]) -> int:
    """By how many pixels the masks of key frames are wider than what is found there; 0 if they are not.

    Args:
        masks: those of the key frames.
        found: what the network finds in each without knowing its mask.
    """
    alone = [(each > THRESHOLD).astype(np.float32) for each in found]
    gains = [np.mean([overlap(widened(f, px), m) for f, m in zip(alone, masks, strict=True)]) for px in WIDTHS_PX]
    best = int(np.argmax(gains))
    return WIDTHS_PX[best] if gains[best] > gains[0] + MIN_GAIN else 0


def widened(mask: SoftMask, width_px: int) -> SoftMask:
    """A mask that is wider by some pixels all around."""
    if not width_px:
        return mask
    return cv2.dilate(mask, disc(width_px))
