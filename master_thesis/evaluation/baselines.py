"""What needs no learning: the methods every network should beat.

Convention:
    A method takes masked frames, uint8 ``(F, H, W, 3)`` RGB, and a mask, ``(F, H, W)`` True = hole, and returns
    filled frames of the same shape. Nothing is written into its inputs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from jaxtyping import Bool, UInt8

from master_thesis.evaluation.copying import (
    REACH,
    aligner_transfer,
    copy_nearest_first,
    homography_transfer,
    telea_frame,
)
from master_thesis.models.classical.opencv import OpenCVAligner

Method: TypeAlias = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Fills holes: ``(masked frames, mask) -> filled frames``."""


def telea(frames: UInt8[np.ndarray, "F H W 3"], mask: Bool[np.ndarray, "F H W"]) -> UInt8[np.ndarray, "F H W 3"]:
    """Every frame from itself alone: fast marching (Telea, 2004)."""
    return np.stack([telea_frame(frame, hole) for frame, hole in zip(frames, mask, strict=True)])


def temporal_median(
    frames: UInt8[np.ndarray, "F H W 3"], mask: Bool[np.ndarray, "F H W"]
) -> UInt8[np.ndarray, "F H W 3"]:
    """The median of what the same pixel shows within ``REACH`` frames, Telea where it is never seen."""
    filled = frames.copy()
    for t, hole in enumerate(mask):
        near = slice(max(0, t - REACH), t + REACH + 1)
        hidden = mask[near][:, hole]
        seen = ~hidden.all(axis=0)
        colours = np.ma.masked_array(frames[near][:, hole][:, seen], np.repeat(hidden[:, seen, None], 3, axis=2))
        rest = hole.copy()
        rest[hole] = ~seen
        filled[t][hole & ~rest] = np.ma.median(colours, axis=0).filled(0).round()
        filled[t] = telea_frame(filled[t], rest)
    return filled


def homography_copying(
    frames: UInt8[np.ndarray, "F H W 3"], mask: Bool[np.ndarray, "F H W"]
) -> UInt8[np.ndarray, "F H W 3"]:
    """Copies through the homography of features outside the mask, nearest frames first, Telea for the rest."""
    return copy_nearest_first(frames, mask, homography_transfer)


def opencv_copying(
    frames: UInt8[np.ndarray, "F H W 3"], mask: Bool[np.ndarray, "F H W"]
) -> UInt8[np.ndarray, "F H W 3"]:
    """The same through the training-free aligner: homography and optical flow."""
    return copy_nearest_first(frames, mask, aligner_transfer(OpenCVAligner()))


BASELINES: dict[str, Method] = {
    "telea": telea,
    "median": temporal_median,
    "homography": homography_copying,
    "opencv": opencv_copying,
}
