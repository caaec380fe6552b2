"""Flows over frames as they are kept: finely around holes, and coarsely elsewhere.

Convention:
    Positions and flows are in pixels of the frames, (x, y), (0, 0) being the centre of the top-left one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Float16, Float32

from master_thesis.ops.pixels import sample_at

CONVERTED_ROWS = 32


class FlowPatch(NamedTuple):
    """A flow over a part of a frame.

    Half precision keeps hundredths of a pixel of what is left beside the camera, in half of the memory.

    Attributes:
        flow: in px of the frame; reduced.
        corner: position of its first pixel in the reduced frame.
        scale: extent of the reduced frame, in pixels of the frame: x and y.
    """

    flow: Float16[np.ndarray, "h w 2"]
    corner: Float[np.ndarray, " 2"]
    scale: Float[np.ndarray, " 2"]

    @staticmethod
    def of(flow: Float[np.ndarray, "h w 2"], corner: tuple[int, int], scale: np.ndarray) -> FlowPatch:
        """Stores a flow in px of the reduced frame."""
        return FlowPatch((flow / scale).astype(np.float16), np.array(corner, float), scale)

    @staticmethod
    def still() -> FlowPatch:
        """No movement anywhere."""
        return FlowPatch.of(np.zeros((1, 1, 2)), (0, 0), np.ones(2))

    def at(self, points: Float[np.ndarray, "N 2"]) -> tuple[Float[np.ndarray, "N 2"], Bool[np.ndarray, " N"]]:
        """The flow at points of the frame, and whether the part holds them; its border is repeated outwards."""
        places = ((points + 0.5) * self.scale - 0.5 - self.corner).astype(np.float32)
        (x, y), (height, width) = places.T, self.flow.shape[:2]
        inside = (x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1)
        return sample_at(_in_full(self.flow), places), inside


class LocalFlow(NamedTuple):
    """A flow over a frame: coarsely, and finely around holes."""

    frame: FlowPatch
    around: FlowPatch

    @staticmethod
    def still() -> LocalFlow:
        """No movement anywhere."""
        return LocalFlow(FlowPatch.still(), FlowPatch.still())

    @property
    def is_still(self) -> bool:
        """Whether nothing moves."""
        return not (self.frame.flow.any() or self.around.flow.any())

    def at(self, points: Float[np.ndarray, "N 2"]) -> Float[np.ndarray, "N 2"]:
        """The flow at points of the frame."""
        flow, inside = self.around.at(points)
        far = np.flatnonzero(~inside)
        if len(far):
            flow[far] = self.frame.at(points.take(far, axis=0))[0]
        return flow


def _in_full(flow: Float[np.ndarray, "h w 2"]) -> Float32[np.ndarray, "h w 2"]:
    """A flow in single precision. torch takes a tenth of NumPy's time, and no other threads for so few rows."""
    result = torch.empty(flow.shape)
    for some, converted in zip(torch.from_numpy(flow).split(CONVERTED_ROWS), result.split(CONVERTED_ROWS), strict=True):
        converted.copy_(some)
    return result.numpy()
