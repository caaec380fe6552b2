"""Sampling of arrays in pixels, the coordinates of OpenCV.

Convention:
    A flow is a displacement ``(H, W, 2)`` in px, x first; (0, 0) is the centre of the top-left pixel.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int, Shaped, UInt8

NO_MAP: Any = None
"""In place of the map of y, where that of x holds both; an empty array would have positions rounded."""
EDGE_PX = 2.0
"""Places closer to the outermost pixels of a frame mix with these when they are read."""
ROW = 512
"""Points in a row when many are sampled: OpenCV takes at most 32767."""


def pixel_positions(height: int, width: int) -> Float[np.ndarray, "H W 2"]:
    """The position (x, y) of every pixel.

    >>> pixel_positions(2, 3)[1, 2].tolist()
    [2.0, 1.0]
    """
    positions = np.empty((height, width, 2), np.float32)
    positions[..., 0], positions[..., 1] = np.arange(width), np.arange(height)[:, None]
    return positions


def warp_by_flow(image: Shaped[np.ndarray, "h w *C"], flow: Float[np.ndarray, "H W 2"]) -> Shaped[np.ndarray, "H W *C"]:
    """Samples an image bilinearly at the position of every pixel plus its flow; 0 outside."""
    positions = pixel_positions(*flow.shape[:2])
    positions += flow
    return cv2.remap(image, positions, NO_MAP, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)


def sample_at(
    image: Shaped[np.ndarray, "h w *C"], points: Float[np.ndarray, "N 2"], interpolation: int = cv2.INTER_LINEAR
) -> Shaped[np.ndarray, "N *C"]:
    """Samples an image at positions (x, y) in px; its border is repeated outwards."""
    count = len(points)
    if not count:
        return np.zeros((0, *image.shape[2:]), image.dtype)
    rows = np.empty((-(-count // ROW), ROW, 2), np.float32)
    flat = rows.reshape(-1, 2)
    flat[:count], flat[count:] = points, 0
    sampled = cv2.remap(image, rows, NO_MAP, interpolation, borderMode=cv2.BORDER_REPLICATE)
    return sampled.reshape(-1, *image.shape[2:])[:count]


def is_inside(points: Float[np.ndarray, "N 2"], size: tuple[int, ...], margin: float = 0.0) -> Bool[np.ndarray, " N"]:
    """Whether points (x, y) lie between the outermost pixels of an image of some height and width, or close to them.

    >>> is_inside(np.array([[2, 0], [2.1, 0], [np.nan, 0]]), (5, 3)).tolist()
    [True, False, False]
    """
    x, y = np.ascontiguousarray(points.T)
    return (x >= -margin) & (y >= -margin) & (x <= size[1] - 1 + margin) & (y <= size[0] - 1 + margin)


def is_from_edge(
    points: Float[np.ndarray, "N 2"], places: Float[np.ndarray, "N 2"], size: tuple[int, ...]
) -> Bool[np.ndarray, " N"]:
    """Whether places lie at the very edge of their frames, and the points that would be copied from there do not.

    The outermost rows and columns of many videos are dark, or mixed with black, from scaling and cutting.

    >>> is_from_edge(np.array([[5, 5], [5, 0.4]]), np.array([[5, 0.6], [5, 0.2]]), (9, 11)).tolist()
    [True, False]
    """
    away = _distance_from_edge(places, size)
    result, near = np.zeros(len(places), bool), np.flatnonzero(away < EDGE_PX)
    result[near] = _distance_from_edge(points.take(near, axis=0), size) > away[near] + 1
    return result


def _distance_from_edge(points: Float[np.ndarray, "N 2"], size: tuple[int, ...]) -> Float[np.ndarray, " N"]:
    x, y = np.ascontiguousarray(points.T)
    return np.minimum(np.minimum(x, size[1] - 1 - x), np.minimum(y, size[0] - 1 - y))


def is_shown(
    points: Float[np.ndarray, "N 2"], hole: Bool[np.ndarray, "H W"], margin: float = 0.5
) -> Bool[np.ndarray, " N"]:
    """Whether points (x, y) lie in pixels of a frame, up to their edges, and these outside its hole.

    Args:
        points: in px.
        hole: of the frame.
        margin: how far beyond the centres of its outermost pixels they may lie, where less than half a pixel.

    >>> is_shown(np.array([[0.4, 0], [0.6, 0], [-0.4, 0], [-0.6, 0]]), np.array([[False, True]])).tolist()
    [True, False, True, False]
    """
    return is_inside(points, hole.shape, margin) & (sample_at(hole.view(np.uint8), points, cv2.INTER_NEAREST) == 0)


def pixels_at(
    points: Float[np.ndarray, "N 2"], size: tuple[int, ...]
) -> tuple[Int[np.ndarray, " N"], Bool[np.ndarray, " N"]]:
    """The pixels of an image that points (x, y) lie in, row by row, and whether they lie in any; 0 where not.

    >>> [found.tolist() for found in pixels_at(np.array([[1.4, 0.6], [-0.6, 0]]), (2, 3))]
    [[4, 0], [True, False]]
    """
    inside = is_inside(points, size, 0.5)
    x, y = np.where(inside, np.rint(points.T), 0).astype(int)
    return y.clip(0, size[0] - 1) * size[1] + x.clip(0, size[1] - 1), inside


def window_around(points: Float[np.ndarray, "N 2"], margin: int, size: tuple[int, ...]) -> tuple[slice, slice]:
    """Rows and columns that hold points (x, y) and a margin, and at least one pixel of an image of some size.

    >>> window_around(np.array([[3.2, 5.0], [4.9, 6.1]]), 1, (8, 20))
    (slice(4, 8, None), slice(2, 7, None))
    """
    rows, columns = (_range(points[:, axis], margin, length) for axis, length in ((1, size[0]), (0, size[1])))
    return rows, columns


def _range(places: Float[np.ndarray, " N"], margin: int, length: int) -> slice:
    low, high = places.min(initial=np.inf) - margin, places.max(initial=0) + margin
    return slice(int(max(0, min(np.floor(low), length - 1))), int(min(max(np.ceil(high) + 1, 1), length)))


def nearest_in(mask: Bool[np.ndarray, "H W"]) -> Int[np.ndarray, "H W"]:
    """For each pixel, the nearest one of a mask that is not empty: its number there, row by row.

    >>> nearest_in(np.array([[False, True, False, False, True]])).tolist()
    [[0, 0, 0, 1, 1]]
    """
    _, labels = cv2.distanceTransformWithLabels(
        (~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    number_of = np.zeros(labels.max() + 1, np.int64)
    number_of[labels[mask]] = np.arange(np.count_nonzero(mask))
    return number_of[labels]


def pixels_in(image: Shaped[np.ndarray, "H W *C"], mask: Bool[np.ndarray, "H W"]) -> Shaped[np.ndarray, "N *C"]:
    """The pixels of an image in a mask, row by row: ``image[mask]``, several times as fast.

    >>> pixels_in(np.arange(6).reshape(1, 3, 2), np.array([[True, False, True]])).tolist()
    [[0, 1], [4, 5]]
    """
    return image.reshape(mask.size, *image.shape[2:]).take(np.flatnonzero(mask), axis=0)


def put_pixels(image: Shaped[np.ndarray, "H W C"], mask: Bool[np.ndarray, "H W"], rows: np.ndarray) -> None:
    """Writes the pixels of an image, all of it in one piece of memory, in a mask: ``image[mask] = rows``.

    >>> image = np.zeros((1, 3, 2), np.uint8)
    >>> put_pixels(image, np.array([[True, False, True]]), np.array([[1, 2], [3, 4]]))
    >>> image.tolist()
    [[[1, 2], [0, 0], [3, 4]]]
    """
    put_rows(image.reshape(mask.size, image.shape[2]), np.flatnonzero(mask), rows)


def put_rows(array: Shaped[np.ndarray, "N C"], index: Int[np.ndarray, " M"], rows: np.ndarray) -> None:
    """Writes some rows of an array, all of it in one piece of memory: ``array[index] = rows``, several times as fast.

    >>> array = np.zeros((3, 2))
    >>> put_rows(array, np.array([2]), np.array([[4, 5]]))
    >>> array.tolist()
    [[0.0, 0.0], [0.0, 0.0], [4.0, 5.0]]
    """
    if len(index):
        _items(array)[index] = _items(np.ascontiguousarray(rows, array.dtype))


def _items(array: Shaped[np.ndarray, "N C"]) -> Shaped[np.ndarray, " N"]:
    """The same memory, one item per row, which NumPy copies at once."""
    return array.view(np.dtype((np.void, array.itemsize * array.shape[1])))[:, 0]


def as_bytes(picture: Shaped[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "H W 3"]:
    """A picture in [0, 255], rounded to 8 bits."""
    return picture if picture.dtype == np.uint8 else np.rint(picture).clip(0, 255).astype(np.uint8)


def where_masked(
    mask: Bool[np.ndarray, "H W"], image: Shaped[np.ndarray, "H W *C"], other: Shaped[np.ndarray, "H W *C"]
) -> Shaped[np.ndarray, "H W *C"]:
    """An image in a mask and another one elsewhere: ``np.where`` for pixels, several times as fast."""
    result = other.astype(image.dtype)
    cv2.copyTo(image, mask.view(np.uint8), result)
    return result
