"""What needs no learning: the methods every network should beat.

Convention:
    A method takes masked frames, uint8 ``(F, H, W, 3)`` RGB, and a mask, ``(F, H, W)`` True = hole, and returns
    filled frames of the same shape. Nothing is written into its inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from master_thesis.models.homography import global_motion, move

Method: TypeAlias = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Fills holes: ``(masked frames, mask) -> filled frames``."""

Transfer: TypeAlias = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Brings a reference onto a target: ``(target, its mask, reference, its mask) -> (aligned, what it shows)``."""

REACH = 20
"""Frames to look at on either side."""
TELEA_RADIUS_PX = 3


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


def copy_nearest_first(
    frames: UInt8[np.ndarray, "F H W 3"], mask: Bool[np.ndarray, "F H W"], transfer: Transfer
) -> UInt8[np.ndarray, "F H W 3"]:
    """Copies blindly whatever the nearest frame shows once it is brought onto the target, Telea for the rest."""
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


BASELINES: dict[str, Method] = {"telea": telea, "median": temporal_median, "homography": homography_copying}
