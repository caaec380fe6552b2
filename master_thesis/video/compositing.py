"""Converts frames of the video to working frames, and puts filled holes back into frames of the video."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int32, Shaped, UInt8, UInt16

from master_thesis.images.reducing import reduce_hole, reduce_image
from master_thesis.ops.pixels import put_pixels, where_masked
from master_thesis.video.patch_store import Patch
from master_thesis.video.plan import Scene
from master_thesis.video.seams import remove_step

KNOWN = -3
"""In a source map of the video: the pixel is that of the video."""

Picture = UInt8[np.ndarray, "H W 3"]
FinePicture = UInt16[np.ndarray, "H W 3"]
Mask = Bool[np.ndarray, "H W"]


@dataclass(frozen=True)
class WorkingFrame:
    """A frame as it is processed: cropped and reduced.

    Attributes:
        image: RGB; each pixel averages the pixels of the video that it covers.
        hole: pixels that cover any hole pixel of the video, so that nothing of the object leaks into known ones.
        fine: the image in 16 bits, if the video has more than 8 and they are used.
    """

    image: UInt8[np.ndarray, "h w 3"]
    hole: Bool[np.ndarray, "h w"]
    fine: UInt16[np.ndarray, "h w 3"] | None = None


def to_working(image: Picture, mask: Mask, scene: Scene, fine: FinePicture | None = None) -> WorkingFrame:
    """Crops a frame of a scene and reduces it to the working size; not in 16 bits, which are for frames as they are."""
    size, own = scene.working_size, None if fine is None else _crop(fine, scene)
    return WorkingFrame(reduce_image(_crop(image, scene), size), reduce_hole(_crop(mask, scene), size), own)


def _crop(array: np.ndarray, scene: Scene) -> np.ndarray:
    """A view of the part of an array that is processed."""
    box = scene.crop
    return array[box.top : box.bottom, box.left : box.right]


def paste(
    image: Shaped[np.ndarray, "H W 3"], mask: Mask, scene: Scene, patch: Patch, feather: int
) -> Shaped[np.ndarray, "H W 3"]:
    """Fills the hole of a frame; all other pixels stay the same bit for bit.

    Args:
        image: the frame, in 8 or 16 bits.
        mask: its hole.
        scene: how it was cropped and reduced.
        patch: the filled pixels.
        feather: width of the soft seam inside the hole, in pixels.
    """
    filled = reduce_image(_crop(image, scene), scene.working_size).copy()
    colours = patch.colours if image.dtype == np.uint8 else patch.fine
    assert colours is not None, "frames of 16 bits are filled in 16 bits"
    put_pixels(filled, patch.hole, colours)
    height, width = scene.crop.size
    if scene.crop.size != scene.working_size:
        filled = cv2.resize(filled, (width, height), interpolation=cv2.INTER_CUBIC).reshape(height, width, 3)
    result = image.copy()
    cut, hole = _crop(result, scene), _crop(mask, scene)
    if not scene.is_stored:  # pm has matched its copies to the frame
        filled = remove_step(filled, cut, hole)
    if feather:
        weight = seam(hole, feather)[..., None]
        filled = np.rint(weight * filled + (1 - weight) * cut).astype(image.dtype)
    cut[...] = where_masked(hole, filled, cut)
    return result


def seam(hole: Mask, feather: int) -> Float[np.ndarray, "H W"]:
    """The weight of the filled pixels: 0 outside the hole, growing to 1 over ``feather`` pixels inside it."""
    # The border of the frame is no seam: nothing is known beyond it.
    padded = np.pad(hole.astype(np.uint8), 1, mode="edge")
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1]
    return np.clip(depth / (feather + 1), 0, 1)


def source_map(mask: Mask, scene: Scene, patch: Patch) -> Int32[np.ndarray, "H W"]:
    """The number of the frame that each pixel of the video shows, ``HALLUCINATED`` or ``KNOWN``."""
    small = np.full(scene.working_size, KNOWN, np.int32)
    small[patch.hole] = patch.source
    (height, width), (h, w) = scene.crop.size, scene.working_size
    rows, columns = np.arange(height) * h // height, np.arange(width) * w // width
    result = np.full(mask.shape, KNOWN, np.int32)
    _crop(result, scene)[...] = small.take(rows, axis=0).take(columns, axis=1)
    result[~mask] = KNOWN
    return result
