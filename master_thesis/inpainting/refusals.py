"""Predicts how much of what other frames show in the holes of a scene is refused, from a few reduced frames.

The real choice of sources runs on them, along the motion of the camera alone: it takes a tenth of the time that the
motion of everything else takes to measure, and on nine sequences it refuses about as much.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from master_thesis.images.reducing import reduce_hole, reduce_image, size_within
from master_thesis.inpainting.comparison import Views
from master_thesis.inpainting.labels import decide
from master_thesis.inpainting.motions import Motions
from master_thesis.inpainting.planning import CameraPath
from master_thesis.inpainting.sources import WideHoles, points_of
from master_thesis.inpainting.trails import Order, followed_both_ways
from master_thesis.models.classical.exposure import Exposure
from master_thesis.models.classical.homography import scaled, warp_homography
from master_thesis.models.classical.neighbours import NeighbourMotion
from master_thesis.ops.pixels import pixels_in

SIDE_PX = 192
"""Largest extent of these frames."""


def refused_shares(
    frames: UInt8[np.ndarray, "F H W 3"], holes: Bool[np.ndarray, "F H W"], path: CameraPath, targets: Collection[int]
) -> list[float]:
    """How much of what other frames show in the holes of some frames is refused, as shares; 0 where they show nothing.

    Args:
        frames: RGB, of one scene.
        holes: of all of them.
        path: the motion of the camera.
        targets: numbers of the frames to try, in order.
    """
    frames, holes, steps = _reduced(frames, holes, path)
    views, motions = Views(list(frames), WideHoles(list(holes))), _motions(frames, holes, steps)
    order, shares = Order(range(len(frames)), len(frames) - 1), dict[int, float]()
    for t, sides in followed_both_ways(views.wide, motions, order):
        if t in targets:
            points, inside = points_of(views.wide[t]), pixels_in(holes[t], views.wide[t])
            decision = decide(t, points, [side.places for side in sides], views, motions)
            is_left = np.any([np.zeros_like(inside), *(each.is_known for each in decision.candidates)], axis=0)
            reached = np.count_nonzero(decision.reached & inside)
            shares[t] = 1 - np.count_nonzero(is_left & inside) / reached if reached else 0.0
    return [shares[t] for t in targets]


def _reduced(
    frames: UInt8[np.ndarray, "F H W 3"], holes: Bool[np.ndarray, "F H W"], path: CameraPath
) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Frames, their holes and the motion of the camera from each frame to the next one, at most of ``SIDE_PX``."""
    height, width = frames.shape[1:3]
    h, w = size = size_within((height, width), SIDE_PX)
    steps = [scaled(path.motion(t, t + 1), (h / height, w / width)) for t in range(len(frames) - 1)]
    small = np.stack([reduce_image(frame, size) for frame in frames])
    return small, np.stack([reduce_hole(hole, size) for hole in holes]), steps


def _motions(
    frames: UInt8[np.ndarray, "F h w 3"], holes: Bool[np.ndarray, "F h w"], steps: Sequence[Float[np.ndarray, "3 3"]]
) -> Motions:
    """The motion of the camera from frame to frame, with what the light does."""
    exposures = [Exposure.unchanged()]
    for t, step in enumerate(steps):
        both = ~holes[t] & (warp_homography((~holes[t + 1]).astype(np.uint8), step, cv2.INTER_NEAREST) > 0)
        moved = warp_homography(frames[t + 1], step)
        exposures.append(exposures[-1].after(Exposure.between(frames[t], moved, both.astype(np.float32))))
    return Motions({t: NeighbourMotion.of_camera(step) for t, step in enumerate(steps)}, exposures)
