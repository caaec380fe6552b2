"""How many paintings a removal takes, as an estimate counts them before the work."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool

from master_thesis.configs.inpainting import MONTAGE, STEADY
from master_thesis.inpainting.inpainter import Inpainter
from master_thesis.models.painter import ExemplarPainter, painting_step, surroundings
from master_thesis.video.outlook import Outlook

ENLARGING = 0.1
"""Time to enlarge a pixel that was painted reduced, as a share of the time to compose one (measured at 4 sizes)."""
SURROUNDINGS = 9
"""So many times as many pixels as a square has are painted from."""
LEAST_PAINTED = 0.1
"""Share of one hole that is painted at least with pm: where less than 1 % was predicted, it was 0 to 0.5 (on five
sequences)."""


def composed_pixels(hallucinator: object, hole: Bool[np.ndarray, "H W"], share: float = 1.0) -> float:
    """How many pixels take as long to compose as a share of a hole to be painted.

    Args:
        hallucinator: paints; an exemplar painter paints large holes reduced, and enlarges them.
        hole: of a frame; not empty.
        share: of its pixels that is painted at once.
    """
    if not isinstance(hallucinator, ExemplarPainter):
        return share * hole.size
    count = share * float(np.count_nonzero(hole))
    step = painting_step(round(count), min(hole[surroundings(hole)].size, round(SURROUNDINGS * count)))
    return count / step**2 + (ENLARGING * count if step > 1 else 0)


def num_paintings(
    inpainter: Inpainter, hole: Bool[np.ndarray, "H W"], outlook: Outlook | None, num_frames: int
) -> float:
    """How many times the painting of a hole is painted for frames with holes like it.

    Args:
        inpainter: the algorithm with its networks.
        hole: not empty.
        outlook: what can be expected; None: unknown.
        num_frames: number of the frames.
    """
    algorithm, hallucinator = inpainter.options.algorithm, inpainter.hallucinator
    if not num_frames:
        return 0.0
    if algorithm != MONTAGE:  # others paint all of a hole, if any, and with some all frames copy that of one
        is_painted = outlook is None or outlook.hidden_percent != 0
        return is_painted * (1.0 if algorithm in STEADY else float(num_frames))
    if outlook is None or outlook.hallucinated_percent is None:
        return 1.0
    first, later = (
        composed_pixels(hallucinator, hole, percent / 100)
        for percent in (outlook.hallucinated_percent, outlook.renewed_percent)
    )
    return max((first + (num_frames - 1) * later) / composed_pixels(hallucinator, hole), LEAST_PAINTED)
