"""Turns decoded images into frames and masks of a given size, each with a single warp.

Convention:
    A *view* is a homogeneous matrix that maps points of the result to points of the source image, both in the unit
    square: the identity shows the complete image, a crop a part of it, the inverse of a movement the moved image.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float64, UInt8

Size = tuple[int, int]


def resize_frame(image: UInt8[np.ndarray, "H W 3"], size: Size) -> UInt8[np.ndarray, "h w 3"]:
    """Resizes a frame by halving it as often as possible, then bilinearly, so that every pixel contributes."""
    halved = halve_frame(image, size)
    return halved if halved.shape[:2] == size else cv2.resize(halved, size[::-1], interpolation=cv2.INTER_LINEAR)


def halve_frame(image: UInt8[np.ndarray, "H W 3"], size: Size) -> UInt8[np.ndarray, "h w 3"]:
    """Halves rows and columns while they are at least ``size`` afterwards; bilinear sampling then does not alias.

    Bilinear resizing by one half averages pairs of pixels and is several times faster than ``INTER_AREA``.
    """
    while True:
        h, w = image.shape[:2]
        half = (h // 2 if h >= 2 * size[0] else h, w // 2 if w >= 2 * size[1] else w)
        if half == (h, w):
            return image
        image = cv2.resize(image, half[::-1], interpolation=cv2.INTER_LINEAR)


def warp_frame(
    image: UInt8[np.ndarray, "H W 3"], view: Float64[np.ndarray, "3 3"], size: Size
) -> UInt8[np.ndarray, "h w 3"]:
    """Samples a view of a frame bilinearly; the frame is mirrored at its border."""
    matrix = _pixel_matrix(view, image.shape[:2], size)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(image, matrix, size[::-1], flags=flags, borderMode=cv2.BORDER_REFLECT_101)


def warp_mask(mask: Bool[np.ndarray, "H W"], view: Float64[np.ndarray, "3 3"], size: Size) -> Bool[np.ndarray, "h w"]:
    """Samples a view of a mask at the nearest pixels; there is no hole outside the mask."""
    matrix = _pixel_matrix(view, mask.shape, size)
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(mask.view(np.uint8), matrix, size[::-1], flags=flags).view(np.bool_)


def _pixel_matrix(view: np.ndarray, source: tuple[int, ...], size: Size) -> Float64[np.ndarray, "2 3"]:
    """Converts a view to pixels of result and source; pixel i covers [i, i + 1) of the unit square times its size."""
    h, w = size
    to_unit = np.array([[1 / w, 0, 0.5 / w], [0, 1 / h, 0.5 / h], [0, 0, 1]])
    to_px = np.array([[source[1], 0, -0.5], [0, source[0], -0.5], [0, 0, 1.0]])
    return (to_px @ view @ to_unit)[:2]


def crop_view(size_px: Size, top_left: tuple[int, int], size: Size) -> Float64[np.ndarray, "3 3"]:
    """The view of a crop of ``size`` at ``top_left`` (y, x) in an image of ``size_px``, all in the same pixels."""
    (h, w), (y, x) = size_px, top_left
    return np.array([[size[1] / w, 0, x / w], [0, size[0] / h, y / h], [0, 0, 1.0]])


def zoom_view(size_px: Size, share: float, place: tuple[float, float], size: Size) -> Float64[np.ndarray, "3 3"]:
    """The view of a part of an image with the proportions of the result.

    Args:
        size_px: height and width of the image.
        share: size of the part, as a share of the largest one that fits.
        place: where it lies between top and bottom, and between left and right, in [0, 1].
        size: height and width of the result.
    """
    (h, w), scale = size_px, share * min(size_px[0] / size[0], size_px[1] / size[1])
    part_h, part_w = size[0] * scale / h, size[1] * scale / w
    return np.array([[part_w, 0, place[1] * (1 - part_w)], [0, part_h, place[0] * (1 - part_h)], [0, 0, 1.0]])


MIRROR = np.array([[-1.0, 0, 1], [0, 1, 0], [0, 0, 1]])
"""The view of an image whose left and right are exchanged; ``view @ MIRROR`` mirrors a view."""
