"""Plain copying: what an alignment is worth when nothing mends its mistakes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import cv2
import numpy as np
import torch
from jaxtyping import Bool, UInt8

from master_thesis.models.aligner import Aligner
from master_thesis.models.classical.homography import global_motion, move
from master_thesis.ops.image import to_float

Transfer: TypeAlias = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Brings a reference onto a target: ``(target, its mask, reference, its mask) -> (aligned, what it shows)``."""

REACH = 20
"""Frames to look at on either side."""
TELEA_RADIUS_PX = 3


def copy_nearest_first(
    frames: UInt8[np.ndarray, "F H W 3"], mask: Bool[np.ndarray, "F H W"], transfer: Transfer
) -> UInt8[np.ndarray, "F H W 3"]:
    """Copies whatever the nearest frame shows once it is brought onto the target, Telea for the rest."""
    filled = frames.copy()
    for t in range(len(frames)):
        left = mask[t].copy()
        for r in nearest_first(t, len(frames)):
            if not left.any():
                break
            aligned, shown = transfer(frames[t], mask[t], frames[r], mask[r])
            filled[t][left & shown] = aligned[left & shown]
            left &= ~shown
        filled[t] = telea_frame(filled[t], left)
    return filled


def nearest_first(target: int, num_frames: int) -> Iterator[int]:
    """The frames within ``REACH`` of a target, nearest first, the earlier one first.

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
    """A reference brought onto a target by one homography."""
    grey_target, grey_ref = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (target, ref))
    motion = global_motion(grey_target, ~mask_target, grey_ref, ~mask_ref)
    # Linear, so that a pixel counts as shown only if no hole colour was mixed into it.
    shown = move((~mask_ref).astype(np.float32), motion) > 0.999
    return move(ref, motion), shown


def telea_frame(frame: UInt8[np.ndarray, "H W 3"], hole: Bool[np.ndarray, "H W"]) -> UInt8[np.ndarray, "H W 3"]:
    """One frame, filled from its own surroundings."""
    if not hole.any():
        return frame
    return cv2.inpaint(frame, hole.astype(np.uint8), TELEA_RADIUS_PX, cv2.INPAINT_TELEA)


def aligner_transfer(aligner: Aligner) -> Transfer:
    """A reference brought onto a target by an aligner: all that it calls visible."""

    def transfer(
        target: np.ndarray, mask_target: np.ndarray, ref: np.ndarray, mask_ref: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        x_target, x_ref = (to_float(torch.from_numpy(frame)).permute(2, 0, 1)[None] for frame in (target, ref))
        m_target, m_ref = (torch.from_numpy(mask).float()[None, None] for mask in (mask_target, mask_ref))
        alignment = aligner.align(x_target, m_target, x_ref.unsqueeze(2), m_ref.unsqueeze(2))
        aligned = (alignment.aligned[0, :, 0].permute(1, 2, 0) * 255).round().clamp(0, 255).byte().numpy()
        return aligned, alignment.visible[0, 0, 0].numpy() > 0.5

    return transfer
