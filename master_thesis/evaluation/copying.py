"""Copies along an alignment, without anything that corrects its errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import cv2
import numpy as np
import torch
from jaxtyping import Bool, UInt8

from master_thesis.models.aligner import Aligner, AlignsPairs
from master_thesis.models.classical.homography import global_motion, warp_homography
from master_thesis.ops.image import to_bytes, to_float

Transfer: TypeAlias = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Aligns a reference: ``(target, mask_target, ref, mask_ref) -> (aligned, visible)``."""

REACH = 20
"""Largest distance of a reference, in frames."""
TELEA_RADIUS_PX = 3


def copy_nearest_first(
    frames: UInt8[np.ndarray, "F H W 3"], mask: Bool[np.ndarray, "F H W"], transfer: Transfer
) -> UInt8[np.ndarray, "F H W 3"]:
    """Copies what the aligned references show, from the nearest one first; Telea fills the rest."""
    filled = frames.copy()
    for t in range(len(frames)):
        hole = mask[t].copy()
        for r in nearest_first(t, len(frames)):
            if not hole.any():
                break
            aligned, visible = transfer(frames[t], mask[t], frames[r], mask[r])
            filled[t][hole & visible] = aligned[hole & visible]
            hole &= ~visible
        filled[t] = telea_frame(filled[t], hole)
    return filled


def nearest_first(target: int, num_frames: int) -> Iterator[int]:
    """Yields the other frames within ``REACH`` of a target, nearest first, of equally near ones the earlier first.

    >>> list(nearest_first(1, 4))
    [0, 2, 3]
    """
    for distance in range(1, REACH + 1):
        yield from (r for r in (target - distance, target + distance) if 0 <= r < num_frames)


def homography_transfer(
    target: UInt8[np.ndarray, "H W 3"],
    mask_target: Bool[np.ndarray, "H W"],
    ref: UInt8[np.ndarray, "H W 3"],
    mask_ref: Bool[np.ndarray, "H W"],
) -> tuple[UInt8[np.ndarray, "H W 3"], Bool[np.ndarray, "H W"]]:
    """Aligns a reference by one homography."""
    grey_target, grey_ref = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (target, ref))
    motion = global_motion(grey_target, ~mask_target, grey_ref, ~mask_ref)
    # Interpolated linearly, so that a pixel is visible only if no hole contributes to its colour.
    visible = warp_homography((~mask_ref).astype(np.float32), motion) > 0.999
    return warp_homography(ref, motion), visible


def telea_frame(frame: UInt8[np.ndarray, "H W 3"], hole: Bool[np.ndarray, "H W"]) -> UInt8[np.ndarray, "H W 3"]:
    """Fills the hole of one frame from its surroundings (Telea, 2004); returns the frame itself if it has none."""
    if not hole.any():
        return frame
    return cv2.inpaint(frame, hole.astype(np.uint8), TELEA_RADIUS_PX, cv2.INPAINT_TELEA)


def aligner_transfer(aligner: Aligner | AlignsPairs) -> Transfer:
    """Makes a transfer of an aligner, from which everything it calls visible is copied."""

    def transfer(
        target: np.ndarray, mask_target: np.ndarray, ref: np.ndarray, mask_ref: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        x_target, x_ref = (to_float(torch.from_numpy(frame)).permute(2, 0, 1)[None] for frame in (target, ref))
        m_target, m_ref = (torch.from_numpy(mask).float()[None, None] for mask in (mask_target, mask_ref))
        alignment = aligner.align(x_target, m_target, x_ref.unsqueeze(2), m_ref.unsqueeze(2))
        aligned = to_bytes(alignment.aligned[0, :, 0].permute(1, 2, 0)).numpy()
        return aligned, alignment.visible[0, 0, 0].numpy() > 0.5

    return transfer
