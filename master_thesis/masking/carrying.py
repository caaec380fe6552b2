"""Carries a mask from frame to frame: optical flow moves it along, and the network finds it again.

Convention:
    Frames are RGB ``(H, W, 3)``, uint8, at a working size whose sides are multiples of ``STRIDE``. Soft masks are
    float32 ``(H, W)`` in [0, 1].
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from pathlib import Path
from typing import Protocol, cast, runtime_checkable

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, UInt8

from master_thesis.checkpoints.reading import Checkpoint, named_tensors
from master_thesis.models.carrier import STRIDE, FrameCode, MaskCarrier, Memory
from master_thesis.models.classical.opencv import dense_flow
from master_thesis.models.registry import WEIGHTS
from master_thesis.ops.pixels import warp_by_flow

PIXELS = 240 * 432
"""Number of pixels at which masks are carried."""
NUM_RECENT = 2
"""Frames before the current one whose masks are remembered, besides the key frames."""
MIN_RETURNED = 0.75
"""Masks that give less of the key frame when carried back there are not remembered."""
NUM_KEPT = 48
"""Frames whose features are kept for the way back, at 5 MB each."""
MARGIN, MIN_MARGIN_PX = 0.5, 48
"""How far around the carried mask the object is looked for, as a share of its extent, and at least."""

GetFrame = Callable[[int], UInt8[np.ndarray, "H W 3"]]
SoftMask = Float[np.ndarray, "H W"]


@dataclass(frozen=True)
class Carried:
    """A mask that was carried to a frame.

    Attributes:
        frame: number of the frame.
        mask: soft mask.
        returned: overlap of the mask of the key frame with what this mask gives when carried back there at once; 0 if
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


def load_carrier(path: Path = WEIGHTS / "mask_carrier.safetensors") -> MaskCarrier:
    """Loads the shipped network, ready to run."""
    network = MaskCarrier()
    network.load_state_dict(named_tensors(Checkpoint.read(path).content))
    return network.eval().to(memory_format=torch.channels_last)


def working_size(size: tuple[int, int]) -> tuple[int, int]:
    """Height and width at which masks of a video of some size are carried.

    >>> working_size((480, 854)), working_size((1080, 1920)), working_size((1920, 1080))
    ((240, 432), (240, 432), (432, 240))
    """
    share = (PIXELS / (size[0] * size[1])) ** 0.5
    height, width = (max(round(side * share / STRIDE), 4) * STRIDE for side in size)
    return height, width


class Carrier:
    """Carries masks through a video, by the network.

    Args:
        network: finds the masks.
        frame_at: gives frames by number, at the working size.
        size: the working size.
    """

    def __init__(self, network: MaskCarrier, frame_at: GetFrame, size: tuple[int, int]) -> None:
        self.network, self.frame_at, self.size = network, frame_at, size
        self._codes: OrderedDict[int, FrameCode] = OrderedDict()

    def carry(self, keys: Mapping[int, SoftMask], route: Sequence[int]) -> Iterator[Carried]:
        """Carries the mask of the first frame of a route along it (contract: :class:`Tracker`)."""
        known = {frame: self._remember(frame, mask) for frame, mask in keys.items()}
        start, mask, recent = route[0], keys[route[0]], list[Memory]()
        is_visible = bool((mask > 0.5).any())
        for before, frame in pairwise(route):
            moved = self._moved(mask, before, frame)
            mask = self._find(frame, Memory.join([*known.values(), *recent]), moved)
            memory = self._remember(frame, mask)
            returned = overlap(self._find(start, memory, keys[start]), keys[start]) if is_visible else 0.0
            yield Carried(frame, mask, returned)
            if returned > MIN_RETURNED:  # or a mistake would be remembered, and grow
                recent = [*recent, memory][-NUM_RECENT:]

    def _moved(self, mask: SoftMask, before: int, frame: int) -> SoftMask:
        """A mask moved along by optical flow."""
        first, second = (cv2.cvtColor(self.frame_at(t), cv2.COLOR_RGB2GRAY) for t in (frame, before))
        return warp_by_flow(mask, dense_flow(first, second))

    @torch.inference_mode()
    def _code(self, frame: int) -> FrameCode:
        if frame not in self._codes:
            picture = torch.from_numpy(np.array(self.frame_at(frame)))
            planes = picture.permute(2, 0, 1)[None].float() / 255
            self._codes[frame] = self.network.encode(planes.contiguous(memory_format=torch.channels_last))
            if len(self._codes) > NUM_KEPT:
                self._codes.popitem(last=False)
        self._codes.move_to_end(frame)
        return self._codes[frame]

    @torch.inference_mode()
    def _remember(self, frame: int, mask: SoftMask) -> Memory:
        return self.network.remember(self._code(frame), torch.from_numpy(mask)[None, None])

    @torch.inference_mode()
    def _find(self, frame: int, memory: Memory, moved: SoftMask) -> SoftMask:
        """The mask of a frame, looked for around the previous one."""
        code, (rows, columns) = self._code(frame), window_around(moved > 0.3)
        guide = torch.from_numpy(np.ascontiguousarray(moved[rows, columns]))[None, None]
        logits = self.network(_cropped(code, rows, columns), memory, guide)
        found = np.zeros_like(moved)
        soft = F.interpolate(logits, guide.shape[-2:], mode="bilinear", align_corners=False).sigmoid()
        found[rows, columns] = soft[0, 0].float().numpy()
        return found


def window_around(mask: Bool[np.ndarray, "H W"]) -> tuple[slice, slice]:
    """Rows and columns around a mask, at multiples of ``STRIDE``; the entire frame if the mask is empty."""
    found = []
    for axis, side in enumerate(mask.shape):
        places = np.flatnonzero(mask.any(axis=1 - axis))
        if not places.size:
            return slice(0, mask.shape[0]), slice(0, mask.shape[1])
        low, high = int(places[0]), int(places[-1]) + 1
        margin = max(round(MARGIN * (high - low)), MIN_MARGIN_PX)
        start, stop = max(low - margin, 0) // STRIDE * STRIDE, min(high + margin, side)
        found.append(slice(start, -(-stop // STRIDE) * STRIDE))
    return found[0], found[1]


def overlap(first: SoftMask, second: SoftMask) -> float:
    """Intersection over union of what is more object than not in two soft masks; 1 if both are empty."""
    a, b = first > 0.5, second > 0.5
    union = int((a | b).sum())
    return int((a & b).sum()) / union if union else 1.0


def _cropped(code: FrameCode, rows: slice, columns: slice) -> FrameCode:
    """The features of a part of a frame."""
    steps = {"half": 2, "quarter": 4, "eighth": 8, "key": 8}
    planes = {}
    for f in fields(code):
        step, plane = steps[f.name], cast(torch.Tensor, getattr(code, f.name))
        planes[f.name] = plane[
            ..., rows.start // step : rows.stop // step, columns.start // step : columns.stop // step
        ]
    return FrameCode(**planes)
