"""Baselines: methods without learning, which every network should beat (contract: :data:`Method`)."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, UInt8

from master_thesis.evaluation.copying import (
    REACH,
    aligner_transfer,
    copy_nearest_first,
    homography_transfer,
    telea_frame,
)
from master_thesis.evaluation.methods import Method
from master_thesis.models.classical.opencv import OpenCVAligner


def telea(frames: UInt8[np.ndarray, "F H W 3"], mask: Bool[np.ndarray, "F H W"]) -> UInt8[np.ndarray, "F H W 3"]:
    """Fills every frame from itself alone by fast marching (Telea, 2004)."""
    return np.stack([telea_frame(frame, hole) for frame, hole in zip(frames, mask, strict=True)])


def temporal_median(
    frames: UInt8[np.ndarray, "F H W 3"], mask: Bool[np.ndarray, "F H W"]
) -> UInt8[np.ndarray, "F H W 3"]:
    """Fills with the median of the visible colours of a pixel within ``REACH`` frames; Telea where there are none."""
    filled = frames.copy()
    for t, hole in enumerate(mask):
        near = slice(max(0, t - REACH), t + REACH + 1)
        hidden = mask[near][:, hole]
        is_seen = ~hidden.all(axis=0)
        colours = np.ma.masked_array(frames[near][:, hole][:, is_seen], np.repeat(hidden[:, is_seen, None], 3, axis=2))
        rest = hole.copy()
        rest[hole] = ~is_seen
        filled[t][hole & ~rest] = np.ma.median(colours, axis=0).filled(0).round()
        filled[t] = telea_frame(filled[t], rest)
    return filled


def homography_copying(
    frames: UInt8[np.ndarray, "F H W 3"], mask: Bool[np.ndarray, "F H W"]
) -> UInt8[np.ndarray, "F H W 3"]:
    """Copies along a homography of features outside the mask, from the nearest frames first; Telea for the rest."""
    return copy_nearest_first(frames, mask, homography_transfer)


def opencv_copying(
    frames: UInt8[np.ndarray, "F H W 3"], mask: Bool[np.ndarray, "F H W"]
) -> UInt8[np.ndarray, "F H W 3"]:
    """Copies along homography and optical flow (:class:`OpenCVAligner`), nearest frames first; Telea for the rest."""
    return copy_nearest_first(frames, mask, aligner_transfer(OpenCVAligner()))


BASELINES: dict[str, Method] = {
    "telea": telea,
    "median": temporal_median,
    "homography": homography_copying,
    "opencv": opencv_copying,
}
