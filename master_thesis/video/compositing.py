"""Between the video's own pixels and those that are worked on."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Int32, UInt8

from master_thesis.video.patch_store import Patch
from master_thesis.video.plan import Scene

KNOWN = -3
"""In a source map of the video: this pixel is the video's own."""

Picture = UInt8[np.ndarray, "H W 3"]
Mask = Bool[np.ndarray, "H W"]


@dataclass(frozen=True)
class WorkingFrame:
    """A frame as it is worked on: cut out and reduced.

    Attributes:
        image: RGB; an average of the pixels each working pixel covers.
        hole: where any of those pixels is to be filled, so that nothing of the object leaks in.
    """

    image: UInt8[np.ndarray, "h w 3"]
    hole: Bool[np.ndarray, "h w"]


def to_working(image: Picture, mask: Mask, scene: Scene) -> WorkingFrame:
    """Cuts a frame of a scene out and reduces it to its working size."""
    box, (height, width) = scene.crop, scene.working_size
    cut = np.ascontiguousarray(image[box.top : box.bottom, box.left : box.right])
    hole = np.ascontiguousarray(mask[box.top : box.bottom, box.left : box.right])
    if box.size == (height, width):
        return WorkingFrame(cut, hole)
    small = cv2.resize(cut, (width, height), interpolation=cv2.INTER_AREA)
    covered = cv2.resize(hole.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    return WorkingFrame(small.reshape(height, width, 3), covered > 0)


def paste(image: Picture, mask: Mask, scene: Scene, patch: Patch, feather: int) -> Picture:
    """A frame with its hole filled; all other pixels are the same to the last bit.

    Args:
        image: the frame.
        mask: its hole.
        scene: how it was cut out and reduced.
        patch: what was filled in.
        feather: width of a soft seam inside the hole, in pixels.
    """
    filled = to_working(image, mask, scene).image.copy()
    filled[patch.hole] = patch.colours
    box = scene.crop
    height, width = box.size
    if box.size != scene.working_size:
        filled = cv2.resize(filled, (width, height), interpolation=cv2.INTER_CUBIC).reshape(height, width, 3)
    result = image.copy()
    cut, hole = result[box.top : box.bottom, box.left : box.right], mask[box.top : box.bottom, box.left : box.right]
    if feather:
        weight = seam(hole, feather)[..., None]
        filled = np.rint(weight * filled + (1 - weight) * cut).astype(np.uint8)
    cut[hole] = filled[hole]
    return result


def seam(hole: Mask, feather: int) -> np.ndarray:
    """How much of the filling each pixel takes: 0 outside the hole, growing to 1 over ``feather`` pixels inside it."""
    # The frame's border is no seam: beyond it nothing is known.
    padded = np.pad(hole.astype(np.uint8), 1, mode="edge")
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1]
    return np.clip(depth / (feather + 1), 0, 1)


def source_map(mask: Mask, scene: Scene, patch: Patch) -> Int32[np.ndarray, "H W"]:
    """Which frame each pixel of the video shows: its number, ``HALLUCINATED`` or ``KNOWN``."""
    small = np.full(scene.working_size, KNOWN, np.int32)
    small[patch.hole] = patch.source
    box = scene.crop
    (height, width), (h, w) = box.size, scene.working_size
    result = np.full(mask.shape, KNOWN, np.int32)
    rows, columns = np.arange(height) * h // height, np.arange(width) * w // width
    result[box.top : box.bottom, box.left : box.right] = small[rows[:, None], columns]
    result[~mask] = KNOWN
    return result
