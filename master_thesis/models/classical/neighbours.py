"""The motion between neighbouring frames: the camera's, and what the flow around the holes adds to it.

Measured once per pair and used in both directions. Inside holes the flow continues what surrounds them.

Convention:
    Positions and flows are in pixels of the frames, (x, y); see :mod:`master_thesis.models.classical.flow`.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float

from master_thesis.models.classical.camera import moved_by_camera
from master_thesis.models.classical.exposure import Exposure
from master_thesis.models.classical.flow import TrustedFlow
from master_thesis.models.classical.flow_patches import LocalFlow
from master_thesis.models.classical.homography import scaled, through
from master_thesis.models.classical.local_flow import coarse_flows, local_flows, scaled_window
from master_thesis.models.classical.views import Levels, View, repeats
from master_thesis.ops.mask import window_of
from master_thesis.ops.pixels import NO_MAP, pixel_positions


@dataclass(frozen=True)
class NeighbourMotion:
    """The motion between two neighbouring frames.

    Attributes:
        camera: maps pixels of the first frame to pixels of the second.
        onward: what remains, at pixels of the first frame, before ``camera``.
        back: the same for the way back, after the inverse of ``camera``.
        exposure: how colours of the second frame become those of the first one.
    """

    camera: Float[np.ndarray, "3 3"]
    onward: LocalFlow
    back: LocalFlow
    exposure: Exposure

    @staticmethod
    def of_camera(camera: Float[np.ndarray, "3 3"]) -> NeighbourMotion:
        """The motion where nothing moves but the camera."""
        return NeighbourMotion(camera, LocalFlow.still(), LocalFlow.still(), Exposure.unchanged())

    @staticmethod
    def between(first: View, second: View) -> NeighbourMotion:
        """Measures the motion outside the holes; there is none if the second frame repeats the first."""
        if repeats(first, second):
            return NeighbourMotion.of_camera(np.eye(3))
        moved = moved_by_camera(first, second)
        levels = first.levels, Levels.of(moved.picture)
        coarse = coarse_flows(*levels)
        exposure = _exposure(first, second, moved.camera, coarse[0])
        holes = window_of(~first.picture.known | moved.hole)
        flows = local_flows(*levels, coarse, None if holes is None else scaled_window(holes, 0.5), first.size)
        return NeighbourMotion(moved.camera, *flows, exposure)

    @property
    def is_repeat(self) -> bool:
        """Whether nothing moves and nothing changes at all."""
        is_still = np.array_equal(self.camera, np.eye(3)) and self.onward.is_still and self.back.is_still
        return is_still and self.exposure.is_unchanged

    def forwards(self, points: Float[np.ndarray, "N 2"]) -> Float[np.ndarray, "N 2"]:
        """Where pixels of the first frame lie in the second one."""
        return through(self.camera, points + self.onward.at(points))

    def backwards(self, points: Float[np.ndarray, "N 2"]) -> Float[np.ndarray, "N 2"]:
        """Where pixels of the second frame lie in the first one."""
        inside = through(np.linalg.inv(self.camera), points)
        return inside + self.back.at(inside)


def _exposure(first: View, second: View, camera: Float[np.ndarray, "3 3"], onward: TrustedFlow) -> Exposure:
    """How colours of the second frame become those of the first one."""
    flow, trust = onward
    h, w = trust.shape
    motion = scaled(camera, (h / first.size[0], w / first.size[1]))
    places = through(motion, (pixel_positions(h, w) + flow).reshape(-1, 2)).reshape(h, w, 2)
    # A linear interpolation would take contrast from the second frame alone, a cubic one would add some.
    shown = cv2.remap(second.colours, places, NO_MAP, cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE)
    return Exposure.between(first.colours, shown, trust)
