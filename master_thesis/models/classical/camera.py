"""The camera's motion between neighbouring frames."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float

from master_thesis.models.classical.homography import scaled, sums_of_differences, warp_homography
from master_thesis.models.classical.tracking import tracked_motion
from master_thesis.models.classical.views import Grey, View
from master_thesis.ops.homography import from_pixels, to_pixels
from master_thesis.ops.lucas_kanade import refine_homography

SMALL_SIDE_PX = 512
"""Largest extent of the frames in which corners are tracked; larger ones are halved before."""
OUTSIDE, HOLE, KNOWN = range(3)


class Moved(NamedTuple):
    """A view as the camera shows it from another frame.

    Attributes:
        camera: maps pixels of the other frame to pixels of this one.
        picture: what it shows.
        hole: what it hides.
    """

    camera: Float[np.ndarray, "3 3"]
    picture: Grey
    hole: Bool[np.ndarray, "h w"]

    @staticmethod
    def of(view: View, camera: Float[np.ndarray, "3 3"]) -> Moved:
        """Moves a view."""
        (height, width), (grey, known) = view.size, view.picture
        motion = scaled(camera, (grey.shape[0] / height, grey.shape[1] / width))
        sides = warp_homography(np.where(known, KNOWN, HOLE).astype(np.uint8), motion, cv2.INTER_NEAREST)
        return Moved(camera, Grey(warp_homography(grey, motion), sides == KNOWN), sides == HOLE)


def moved_by_camera(first: View, second: View) -> Moved:
    """The second frame moved onto the first one, by a homography of tracked corners, to a fraction of a pixel."""
    height, width = first.size
    target, ref = (
        view.picture if max(view.picture.size) <= SMALL_SIDE_PX else view.levels.fine for view in (first, second)
    )
    h, w = target.size
    found = scaled(tracked_motion(*target, *ref), (height / h, width / w))
    start = from_pixels(torch.from_numpy(found).unsqueeze(0), height, width)
    refined = refine_homography(start, first.gradients, second.gradients)
    moved = Moved.of(second, to_pixels(refined, height, width)[0].numpy())
    both = first.picture.known & second.picture.known & moved.picture.known
    still, changed = sums_of_differences(first.picture.grey, (second.picture.grey, moved.picture.grey), both)
    return Moved(np.eye(3), second.picture, ~second.picture.known) if still <= changed else moved
