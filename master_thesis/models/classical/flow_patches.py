"""Flows over frames as they are kept: finely around holes, and coarsely elsewhere.

Convention:
    Positions and flows are in pixels of the frames, (x, y), (0, 0) being the centre of the top-left one.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float, Float16, Float32

from master_thesis.ops.pixels import sample_at


class FlowPatch(NamedTuple):
    """A flow over a part of a frame.

    Half precision keeps hundredths of a pixel of what is left beside the camera, in half of the memory.

    Attributes:
        flow: in px of the frame; reduced.
        scale: extent of the reduced frame, in pixels of the frame: x and y.
        offset: where pixel (0, 0) of the frame lies in the part.
    """

    flow: Float16[np.ndarray, "h w 2"]
    scale: Float32[np.ndarray, " 2"]
    offset: Float32[np.ndarray, " 2"]

    @staticmethod
    def of(flow: Float[np.ndarray, "h w 2"], corner: tuple[int, int], scale: np.ndarray) -> FlowPatch:
        """Stores a flow in px of the reduced frame.

        Args:
            flow: the part.
            corner: position of its first pixel in the reduced frame.
            scale: see ``FlowPatch``.
        """
        offset, (x, y) = (scale - 1) / 2 - corner, 1 / scale
        stored = torch.from_numpy(cv2.multiply(flow, np.array((x, y, 0, 0)))).half().numpy()  # NumPy: 8 times
        return FlowPatch(stored, scale.astype(np.float32), offset.astype(np.float32))

    @staticmethod
    def still() -> FlowPatch:
        """No movement anywhere."""
        return FlowPatch.of(np.zeros((1, 1, 2)), (0, 0), np.ones(2))

    def at(self, points: Float[np.ndarray, "N 2"]) -> tuple[Float[np.ndarray, "N 2"], Bool[np.ndarray, " N"]]:
        """The flow at points of the frame, and whether the part holds them; its border is repeated outwards."""
        if not len(points):
            return np.zeros((0, 2), np.float32), np.zeros(0, bool)
        (width, height), (x, y) = self.scale, self.offset
        places = cv2.transform(points.astype(np.float32)[:, None], np.array(((width, 0, x), (0, height, y))))
        inside = cv2.inRange(places, (0, 0, 0, 0), (self.flow.shape[1] - 1, self.flow.shape[0] - 1, 0, 0))
        flow = torch.from_numpy(self.flow).float().numpy()  # a tenth of NumPy's time
        return sample_at(flow, places[:, 0]), inside[:, 0] > 0


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
