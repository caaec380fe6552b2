"""Carries a mask from frame to frame: optical flow moves it along, and the network finds it again.

Convention:
    Frames are RGB ``(H, W, 3)``, uint8, at a working size. Soft masks are float32 ``(H, W)`` in [0, 1].
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Protocol, runtime_checkable

import cv2
import numpy as np
import torch
from jaxtyping import Float, UInt8

from master_thesis.checkpoints.reading import with_weights
from master_thesis.masking.views import SoftMask, View, ViewFinder, window_around
from master_thesis.models.carrier import MaskCarrier, Memory
from master_thesis.models.classical.flow import dense_flow
from master_thesis.models.registry import WEIGHTS
from master_thesis.ops.pixels import warp_by_flow
from master_thesis.runtime.ahead import one_ahead

PIXELS = 360 * 640
"""Number of pixels of the frames in which masks are carried."""
FLOW_PIXELS = 240 * 432
"""Number of pixels at which the flow is measured."""
NUM_RECENT = 2
"""Frames before the current one whose masks are remembered, in addition to the key frames."""
MIN_RETURNED = 0.75
"""Masks that give less of the key frame when carried back there are not remembered."""

GetFrame = Callable[[int], UInt8[np.ndarray, "H W 3"]]


@dataclass(frozen=True)
class Carried:
    """A mask that was carried to a frame.

    Attributes:
        frame: number of the frame.
        mask: soft mask.
        returned: overlap of the mask of the key frame with what this mask gives when carried straight back there; 0 if
            that is too small to be seen at the working size.
    """

    frame: int
    mask: SoftMask
    returned: float


@runtime_checkable
class Tracker(Protocol):
    """Carries masks through a video."""

    size: tuple[int, int]

    def carry(self, keys: Mapping[int, SoftMask], route: Sequence[int]) -> Iterator[Carried]:
        """Carries the mask of the first frame of a route along it.

        Args:
            keys: soft masks of the key frames, which may be compared with; the object is not visible in empty ones.
            route: neighbouring frames, in either direction; the first one is a key frame.
        """
        ...


@lru_cache(maxsize=2)
def load_carrier(path: Path = WEIGHTS / "mask_carrier.safetensors") -> MaskCarrier:
    """Loads the shipped network, ready to run."""
    return with_weights(MaskCarrier(), path).eval().to(memory_format=torch.channels_last)


def working_size(size: tuple[int, int], pixels: int = PIXELS) -> tuple[int, int]:
    """Height and width at which masks of a video of some size are carried, multiples of 8 and none below 32.

    Args:
        size: height and width of the video.
        pixels: about how many pixels there should be.

    >>> working_size((480, 854)), working_size((1080, 1920)), working_size((1920, 1080))
    ((360, 640), (360, 640), (640, 360))
    """
    share = (pixels / (size[0] * size[1])) ** 0.5
    height, width = (max(round(side * share / 8), 4) * 8 for side in size)
    return height, width


def make_carrier(network: MaskCarrier, frame_at: GetFrame, size: tuple[int, int]) -> Carrier:
    """A carrier that sees frames of some size at its own working size."""
    small = working_size(size)

    @lru_cache(maxsize=4)
    def reduced(frame: int) -> UInt8[np.ndarray, "h w 3"]:
        return cv2.resize(frame_at(frame), small[::-1], interpolation=cv2.INTER_AREA)

    return Carrier(network, reduced, small)


class Carrier:
    """Carries masks through a video, by the network.

    Args:
        network: finds the masks.
        frame_at: gives frames by number, at the working size.
        size: the working size.
    """

    def __init__(self, network: MaskCarrier, frame_at: GetFrame, size: tuple[int, int]) -> None:
        self.network, self.frame_at, self.size = network, frame_at, size

    def carry(self, keys: Mapping[int, SoftMask], route: Sequence[int]) -> Iterator[Carried]:
        """Carries the mask of the first frame of a route along it (contract: :class:`Tracker`)."""
        finder = ViewFinder.for_masks(self.network, list(keys.values()))
        known = [finder.remember(finder.whole(self.frame_at(key)), mask) for key, mask in keys.items()]
        start, mask, recent = route[0], keys[route[0]], list[Memory]()
        first = self._view(finder, start, mask)
        is_visible = bool((mask > 0.5).any())
        flows = one_ahead(self._flow(frame, before) for before, frame in pairwise(route))
        for frame, flow in zip(route[1:], flows, strict=True):
            moved = warp_by_flow(mask, flow)
            view = self._view(finder, frame, moved)
            mask = finder.find(view, Memory.join([*known, *recent]), moved)
            memory = finder.remember(view, mask)
            returned = overlap(finder.find(first, memory, keys[start]), keys[start]) if is_visible else 0.0
            yield Carried(frame, mask, returned)
            if returned > MIN_RETURNED:  # or a mistake would be remembered, and grow
                recent = [*recent, memory][-NUM_RECENT:]

    def _view(self, finder: ViewFinder, frame: int, around: SoftMask) -> View:
        return finder.view(self.frame_at(frame), window_around(around > 0.3))

    def _flow(self, frame: int, before: int) -> Float[np.ndarray, "H W 2"]:
        """Where every pixel of a frame is in the one before."""
        return enlarged_flow(self.frame_at(frame), self.frame_at(before), working_size(self.size, FLOW_PIXELS))


def enlarged_flow(
    first: UInt8[np.ndarray, "H W 3"], second: UInt8[np.ndarray, "H W 3"], size: tuple[int, int]
) -> Float[np.ndarray, "H W 2"]:
    """Optical flow in px from the first picture to the second, measured at a smaller height and width."""
    reduced = [cv2.resize(picture, size[::-1], interpolation=cv2.INTER_AREA) for picture in (first, second)]
    now, then = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in reduced)
    (height, width), (h, w) = first.shape[:2], size
    larger = cv2.resize(dense_flow(now, then), (width, height), interpolation=cv2.INTER_LINEAR)
    return larger * np.array((width / w, height / h), np.float32)


def overlap(first: SoftMask, second: SoftMask) -> float:
    """Intersection over union of what is more object than not in two soft masks; 1 if both are empty."""
    a, b = first > 0.5, second > 0.5
    union = int((a | b).sum())
    return int((a & b).sum()) / union if union else 1.0
