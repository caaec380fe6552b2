"""Methods: functions that fill the holes of a sequence and can be measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import torch
from jaxtyping import Int32, UInt8

from master_thesis.inpainting.inpainter import Inpainter
from master_thesis.ops.image import to_bytes, to_float


@dataclass(frozen=True)
class Filled:
    """Filled frames, and what a method knows of how they were made.

    Attributes:
        frames: the filled frames.
        source: the frame that each filled pixel shows, negative where it was hallucinated; None: unknown.
        costs: further figures by metric, each one number for all frames, e.g. ``seconds``.
    """

    frames: UInt8[np.ndarray, "F H W 3"]
    source: Int32[np.ndarray, "F H W"] | None = None
    costs: Mapping[str, float] = field(default_factory=dict)


Method: TypeAlias = Callable[[np.ndarray, np.ndarray], np.ndarray | Filled]
"""Fills holes: ``(masked frames, mask) -> filled frames``, or a :class:`Filled`.

Convention:
    Frames are uint8, ``(F, H, W, 3)`` RGB; the mask is bool, ``(F, H, W)``, True = hole. Inputs are not changed.
"""


def network_method(inpainter: Inpainter) -> Method:
    """Makes a method of an algorithm and its networks."""

    def fill(frames: np.ndarray, mask: np.ndarray) -> np.ndarray:
        x = to_float(torch.from_numpy(frames)).permute(3, 0, 1, 2).contiguous()
        m = torch.from_numpy(mask).float()[None]
        filled = inpainter.fill(x, m).frames
        return to_bytes(filled).permute(1, 2, 3, 0).contiguous().cpu().numpy()

    return fill


@dataclass(frozen=True)
class SomeProtocols:
    """A method that is measured under some protocols only.

    Attributes:
        method: the method.
        protocols: their names.
    """

    method: Method
    protocols: tuple[str, ...]

    def __call__(self, frames: np.ndarray, mask: np.ndarray) -> np.ndarray | Filled:
        """Calls the method."""
        return self.method(frames, mask)


def is_measured(method: Method, protocol: str) -> bool:
    """Whether a method is measured under a protocol."""
    return not isinstance(method, SomeProtocols) or protocol in method.protocols
