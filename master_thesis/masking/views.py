"""Parts of frames around an object, at the scale at which the network sees it.

Small objects are seen at a larger scale than large ones: the effort is about the same, and outlines are finer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8

from master_thesis.models.carrier import STRIDE, FrameCode, MaskCarrier, Memory
from master_thesis.ops.mask import widen_window, window_of

PIXELS = 240 * 432
"""Pixels of a view; where an object has grown, up to half as many more."""
MARGIN, MIN_MARGIN_PX = 0.5, 72
"""How far around the mask the object is looked for, as a share of its extent, and at least."""

SoftMask = Float[np.ndarray, "H W"]
Window = tuple[slice, slice]


@dataclass(frozen=True)
class View:
    """A part of a frame.

    Attributes:
        window: its rows and columns.
        size: height and width at which it is seen, multiples of ``STRIDE``.
        code: its features.
    """

    window: Window
    size: tuple[int, int]
    code: FrameCode


@dataclass(frozen=True)
class ViewFinder:
    """Finds and remembers an object in views of one scale.

    Attributes:
        network: finds masks.
        scale: pixels of a view per pixel of the frames, along either side.
    """

    network: MaskCarrier
    scale: float

    @classmethod
    def for_masks(cls, network: MaskCarrier, masks: Sequence[SoftMask]) -> ViewFinder:
        """Chooses the scale at which the largest of some masks fits."""
        areas = [_area(window_around(mask > 0.3)) for mask in masks if (mask > 0.3).any()]
        return cls(network, min([1.0, *((PIXELS / area) ** 0.5 for area in areas)]))

    def view(self, frame: UInt8[np.ndarray, "H W 3"], window: Window) -> View:
        """Looks at a part of a frame, at a smaller scale where it would be too large."""
        return self._view(frame, window, min(self.scale, (1.5 * PIXELS / _area(window)) ** 0.5))

    def whole(self, frame: UInt8[np.ndarray, "H W 3"]) -> View:
        """Looks at an entire frame, whose memory distinguishes the object from everything else in the scene."""
        return self._view(frame, (slice(0, frame.shape[0]), slice(0, frame.shape[1])), self.scale)

    @torch.inference_mode()
    def _view(self, frame: UInt8[np.ndarray, "H W 3"], window: Window, scale: float) -> View:
        part = np.ascontiguousarray(frame[window])
        height, width = (max(round(side * scale / STRIDE), 4) * STRIDE for side in part.shape[:2])
        picture = torch.from_numpy(_resized(part, (height, width)))
        planes = picture.permute(2, 0, 1)[None].float() / 255
        code = self.network.encode(planes.contiguous(memory_format=torch.channels_last))
        return View(window, (height, width), code)

    @torch.inference_mode()
    def remember(self, view: View, mask: SoftMask) -> Memory:
        """The memory of a view and of the mask of its frame."""
        return self.network.remember(view.code, _seen(view, mask))

    @torch.inference_mode()
    def find(self, view: View, memory: Memory, guide: SoftMask) -> SoftMask:
        """The mask of a frame, looked for in the view, close to a guide."""
        logits = self.network(view.code, memory, _seen(view, guide))[0, 0].float().numpy()
        found = np.zeros_like(guide)
        height, width = guide[view.window].shape
        larger = cv2.resize(logits, (width, height), interpolation=cv2.INTER_LINEAR)
        found[view.window] = 1 / (1 + np.exp(-larger.clip(-30, 30)))
        return found


def window_around(mask: Bool[np.ndarray, "H W"], share: float = MARGIN, least: int = MIN_MARGIN_PX) -> Window:
    """Rows and columns around a mask, with margins as of :data:`MARGIN`; the entire frame if the mask is empty."""
    window, (height, width) = window_of(mask), mask.shape
    if window is None:
        return slice(0, height), slice(0, width)
    margins = [max(round(share * (side.stop - side.start)), least) for side in window]
    return widen_window(window, (margins[0], margins[1]), (height, width))


def _area(window: Window) -> int:
    rows, columns = window
    return int((rows.stop - rows.start) * (columns.stop - columns.start))


def _seen(view: View, mask: SoftMask) -> torch.Tensor:
    """The part of a mask in a view."""
    return torch.from_numpy(_resized(np.ascontiguousarray(mask[view.window]), view.size))[None, None]


def _resized(plane: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    is_smaller = size[0] * size[1] < plane.shape[0] * plane.shape[1]
    return cv2.resize(plane, size[::-1], interpolation=cv2.INTER_AREA if is_smaller else cv2.INTER_LINEAR)
