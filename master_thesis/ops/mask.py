"""Holes: where pixels can be copied, and how much of a frame is open."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

Window = tuple[slice, slice]
"""Rows and columns."""


def copyable_map(
    visible_aligned: Float[Tensor, "B 1 F H W"], visible_target: Float[Tensor, "B 1 H W"]
) -> Float[Tensor, "B 1 F H W"]:
    """1 where the aligned reference shows what the target hides, else 0 (thesis: v_map).

    >>> visible_aligned = torch.tensor([[[[[0.0, 1.0, 0.0, 1.0]]]]])
    >>> visible_target = torch.tensor([[[[1.0, 1.0, 0.0, 0.0]]]])
    >>> copyable_map(visible_aligned, visible_target).flatten()
    tensor([0., 0., 0., 1.])
    """
    return (visible_aligned - visible_target.unsqueeze(2)).clamp(0, 1)


def hole_percent(mask: Float[Tensor, "*lead 1 H W"]) -> Float[Tensor, "*lead"]:
    """The hole's share of each frame, in percent.

    >>> hole_percent(torch.tensor([[[1.0, 0.0, 0.0, 0.0]]]))
    tensor(25.)
    """
    # Counted first: a mean would round, and 15 % of the pixels could exceed 15 %.
    return mask.sum(dim=(-3, -2, -1), dtype=torch.float32) * 100 / mask.shape[-2:].numel()


def disc(radius_px: int) -> UInt8[np.ndarray, "d d"]:
    """A kernel for morphology, as wide as twice the radius and one pixel.

    >>> disc(1).tolist()
    [[0, 1, 0], [1, 1, 1], [0, 1, 0]]
    """
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius_px + 1, 2 * radius_px + 1))


def widened(mask: Bool[np.ndarray, "H W"], radius_px: int) -> Bool[np.ndarray, "H W"]:
    """A mask with everything up to so many pixels around it."""
    return cv2.dilate(mask.astype(np.uint8), disc(radius_px)) > 0


def widened_square(mask: Bool[np.ndarray, "H W"], reach_px: int) -> Bool[np.ndarray, "H W"]:
    """A mask with everything up to so many rows and columns around it."""
    side = 2 * reach_px + 1
    return cv2.dilate(mask.astype(np.uint8), np.ones((side, side), np.uint8)) > 0


def window_of(mask: Bool[np.ndarray, "H W"]) -> Window | None:
    """The smallest window, rows and columns, that holds a mask; None if it is empty.

    >>> window_of(np.eye(3, 4, 1, dtype=bool))
    (slice(0, 3, None), slice(1, 4, None))
    """
    sides = [np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0)]
    if not sides[0].size:
        return None
    rows, columns = (slice(int(places[0]), int(places[-1]) + 1) for places in sides)
    return rows, columns


def widen_window(window: Window, margins: int | tuple[int, int], size: tuple[int, int]) -> Window:
    """Widens a window as far as a frame of some height and width reaches.

    Args:
        window: rows and columns.
        margins: how many of each are added on both sides.
        size: height and width of the frame.

    >>> widen_window((slice(2, 3), slice(5, 9)), 4, (10, 10))
    (slice(0, 7, None), slice(1, 10, None))
    """
    both = (margins, margins) if isinstance(margins, int) else margins
    triples = zip(window, both, size, strict=True)
    rows, columns = (slice(max(s.start - margin, 0), min(s.stop + margin, length)) for s, margin, length in triples)
    return rows, columns


@dataclass(frozen=True)
class PackedMask:
    """A mask in an eighth of its memory.

    Attributes:
        bits: eight pixels a byte, each row by itself.
        width: of the mask.
    """

    bits: UInt8[np.ndarray, "H _"]
    width: int

    @staticmethod
    def of(mask: Bool[np.ndarray, "H W"]) -> PackedMask:
        """Packs a mask.

        >>> packed = PackedMask.of(np.eye(3, 20, dtype=bool))
        >>> packed.bits.nbytes, packed.size, bool((packed.mask == np.eye(3, 20)).all())
        (9, (3, 20), True)
        """
        return PackedMask(np.packbits(mask, axis=1), mask.shape[1])

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return len(self.bits), self.width

    @property
    def mask(self) -> Bool[np.ndarray, "H W"]:
        """The mask, unpacked each time."""
        return np.unpackbits(self.bits, axis=1, count=self.width).view(bool)
