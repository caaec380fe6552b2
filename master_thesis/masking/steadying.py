"""Steadies masks: where the frames beside a frame look the same, their masks count as much as its own.

Outlines that are found in every frame anew flicker by a pixel or two, and most of that is error.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, pairwise

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from master_thesis.masking.carrying import FLOW_PIXELS, GetFrame, enlarged_flow
from master_thesis.masking.finishing import UNSURE
from master_thesis.masking.odds import log_odds, probability
from master_thesis.masking.spans import FrameMask
from master_thesis.masking.views import SoftMask
from master_thesis.ops.mask import widen_window, window_of
from master_thesis.ops.pixels import warp_by_flow

FAINT, MARGIN_PX = 0.05, 40
"""Less than that is not looked at; width of the surroundings that are."""
ALIKE, PATCH_PX = 16.0, 7
"""Mean difference of the colours in a patch at which what a neighbour says counts 1/e as much."""
LIKENESS = np.exp(-((np.arange(256) / ALIKE) ** 2)).astype(np.float32)
"""How alike patches are, by that difference."""


def steady_masks(masks: Iterable[FrameMask], frame_at: GetFrame, keys: Mapping[int, SoftMask]) -> Iterator[FrameMask]:
    """Averages every mask with those of the frames beside it.

    Args:
        masks: those of frames in a row.
        frame_at: gives frames by number, at the size of the masks.
        keys: masks of the key frames at that size.
    """
    known = dict(keys)
    for now, later in pairwise(chain(masks, (None,))):
        assert now is not None, "the last one has no successor"
        if later is not None:
            known[later.frame] = later.mask
        beside = {t: known[t] for t in (now.frame - 1, now.frame + 1) if t in known}
        steady = steadied(now.mask, frame_at(now.frame), [(frame_at(t), mask) for t, mask in beside.items()])
        known = {**keys, now.frame: steady}
        yield replace(now, mask=steady)


def steadied(
    mask: SoftMask,
    frame: UInt8[np.ndarray, "H W 3"],
    beside: Sequence[tuple[UInt8[np.ndarray, "H W 3"], SoftMask]],
) -> SoftMask:
    """The mean of a mask and of what neighbouring frames say, in log-odds; what was unsure stays so.

    Args:
        mask: that of the frame.
        frame: RGB.
        beside: neighbouring frames with their masks.
    """
    inside = window_of(mask > FAINT)
    if inside is None or not beside:
        return mask
    window = widen_window(inside, MARGIN_PX, (mask.shape[0], mask.shape[1]))
    here = np.ascontiguousarray(frame[window])
    total, weight = log_odds(mask[window]), np.ones(here.shape[:2], np.float32)
    share = min(1.0, (FLOW_PIXELS / mask.size) ** 0.5)
    size = (max(round(share * here.shape[0]), 1), max(round(share * here.shape[1]), 1))
    for other, known in beside:
        there = np.ascontiguousarray(other[window])
        flow = enlarged_flow(here, there, size)
        trust = _likeness(here, warp_by_flow(there, flow))
        total += trust * warp_by_flow(log_odds(known[window]), flow)
        weight += trust
    found = mask.copy()
    found[window] = np.maximum(probability(total / weight), mask[window].clip(None, UNSURE))
    return found


def _likeness(frame: UInt8[np.ndarray, "H W 3"], moved: UInt8[np.ndarray, "H W 3"]) -> Float[np.ndarray, "H W"]:
    """How alike two frames are around every pixel, in [0, 1]."""
    difference = cv2.cvtColor(cv2.absdiff(frame, moved), cv2.COLOR_RGB2GRAY)
    return cv2.LUT(cv2.blur(difference, (PATCH_PX, PATCH_PX)), LIKENESS)
