"""How candidates are compared: on a reduced grid around a hole, in reduced frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int, Shaped, UInt8

from master_thesis.images.reducing import reduce_image, size_within
from master_thesis.inpainting.motions import Hole, Picture
from master_thesis.inpainting.sources import WideHoles
from master_thesis.models.classical.exposure import Exposure
from master_thesis.models.classical.views import VIEW_SIDE_PX
from master_thesis.ops.mask import Window
from master_thesis.ops.pixels import as_bytes, pixel_positions, sample_at
from master_thesis.runtime.recent import RecentArrays

COMPARED_SIDE_PX = 288
"""Largest extent of a frame at the size at which candidates are compared."""
AROUND_PX = 10
"""Width of the surroundings of a hole at that size."""
AT_ONCE = 4
"""Planes that are read together, which takes hardly longer than one."""
KEPT_BYTES = 64 * 2**20
"""Reduced frames are kept up to this size, and as much of their distances and of their greys: enough for all frames
that neighbouring holes are compared with."""


@dataclass(frozen=True)
class Grid:
    """The surroundings of a hole, reduced.

    Attributes:
        points: the position of each pixel of the grid, in px of the frame.
        step: distance of neighbours, in px of the frame.
    """

    points: Float[np.ndarray, "h w 2"]
    step: int

    @staticmethod
    def around(wide: Hole) -> Grid:
        """The grid of a hole that is not empty."""
        step = max(round(max(wide.shape) / COMPARED_SIDE_PX), 1)
        rows, columns = (np.flatnonzero(wide.any(axis=axis)) for axis in (1, 0))
        start, stop = np.array([(columns[0], rows[0]), (columns[-1], rows[-1])]) // step
        height, width = _reduced_size(wide.shape, step)
        left, top = np.clip(start - AROUND_PX, 0, (width - 1, height - 1)).tolist()
        right, bottom = np.minimum(stop + AROUND_PX + 1, (width, height)).tolist()
        cells = pixel_positions(bottom - top, right - left) + np.array((left, top), np.float32)
        return Grid((cells + 0.5) * step - 0.5, step)

    def nearest(self, plane: Shaped[np.ndarray, "H W"]) -> Shaped[np.ndarray, "h w"]:
        """The pixels of a frame that are nearest to those of the grid."""
        x, y = np.moveaxis(np.rint(self.points).astype(int), -1, 0)
        return plane[y.clip(0, plane.shape[0] - 1), x.clip(0, plane.shape[1] - 1)]

    def within(self, place: Window) -> Grid:
        """A part of it."""
        return Grid(self.points[place], self.step)

    def reduced(self, points: Float[np.ndarray, "*N 2"]) -> Float[np.ndarray, "*N 2"]:
        """Positions in a reduced frame."""
        return ((points + 0.5) / self.step - 0.5).astype(np.float32)

    def read(self, planes: Shaped[np.ndarray, "K h w"], points: Float[np.ndarray, "N 2"]) -> Float[np.ndarray, "K N"]:
        """Reads planes over the grid at positions in px of the frame, between its pixels."""
        places = self.reduced(points) - self.reduced(self.points[0, 0])
        result = np.zeros((len(planes), len(points)), np.float32)
        for i in range(0, len(planes), AT_ONCE):
            # Always as many: OpenCV is less exact with some other numbers.
            group = np.resize(planes[i : i + AT_ONCE], (AT_ONCE, *planes.shape[1:])).astype(np.float32)
            result[i : i + AT_ONCE] = sample_at(cv2.merge(list(group)), places).T[: len(planes) - i]
        return result

    def read_uniform(self, labels: Int[np.ndarray, "h w"], points: Float[np.ndarray, "N 2"]) -> Int[np.ndarray, " N"]:
        """The label that all pixels of the grid around each position have; -1 where they differ."""
        plane, kernel, (height, width) = labels.astype(np.float32), np.ones((2, 2), np.uint8), labels.shape
        least, most = (each(plane, kernel, anchor=(0, 0)) for each in (cv2.erode, cv2.dilate))
        uniform = np.where(least == most, labels, -1)
        x, y = np.floor(self.reduced(points) - self.reduced(self.points[0, 0])).astype(int).T
        return uniform.ravel().take(y.clip(0, height - 1) * width + x.clip(0, width - 1))


class Views:
    """Frames at the size at which they are compared; several threads may ask for them.

    Args:
        frames: RGB.
        wide: their pixels that are not copied.
    """

    def __init__(self, frames: Sequence[Picture], wide: WideHoles) -> None:
        self.frames, self.wide = frames, wide
        self._images = RecentArrays(self._image, KEPT_BYTES)
        self._depths = RecentArrays(self._depth, KEPT_BYTES)
        self._greys = RecentArrays(self._grey, KEPT_BYTES)

    def grey(self, k: int, own: Exposure, other: Exposure) -> UInt8[np.ndarray, "h w"]:
        """A frame in grey, at the size at which corners are compared, as another exposure than its own shows it."""
        grey = self._greys[k]
        return grey if own is other else cv2.LUT(grey, own.grey.bytes_seen_as(other.grey)[:, 0])

    def at(self, k: int, step: int) -> tuple[UInt8[np.ndarray, "h w 3"], Float[np.ndarray, "h w"]]:
        """A reduced frame, and the distance of its pixels from the hole."""
        return self._images[k, step], self._depths[k, step]

    def _image(self, key: tuple[int, int]) -> UInt8[np.ndarray, "h w 3"]:
        k, step = key
        frame = self.frames[k]
        height, width = _reduced_size(frame.shape, step)
        return as_bytes(reduce_image(frame[: height * step, : width * step], (height, width)))

    def _depth(self, key: tuple[int, int]) -> Float[np.ndarray, "h w"]:
        k, step = key
        is_free = (~self.wide[k]).astype(np.uint8)
        small = cv2.resize(is_free, _reduced_size(is_free.shape, step)[::-1], interpolation=cv2.INTER_NEAREST)
        return cv2.distanceTransform(small, cv2.DIST_L2, cv2.DIST_MASK_3)

    def _grey(self, k: int) -> UInt8[np.ndarray, "h w"]:
        frame = self.frames[k]
        image = as_bytes(reduce_image(frame, size_within((frame.shape[0], frame.shape[1]), VIEW_SIDE_PX)))
        return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


def visible_around(hole: Hole, grid: Grid) -> Bool[np.ndarray, "h w"]:
    """Whether a pixel of the grid is outside a hole."""
    is_free = cv2.resize(
        (~hole).astype(np.float32), None, fx=1 / grid.step, fy=1 / grid.step, interpolation=cv2.INTER_AREA
    )
    return sample_at(is_free, grid.reduced(grid.points.reshape(-1, 2))).reshape(grid.points.shape[:2]) > 0.99


def _reduced_size(shape: tuple[int, ...], step: int) -> tuple[int, int]:
    """Height and width of a frame of some shape, reduced; what is left over at the right and below is left out."""
    return max(shape[0] // step, 1), max(shape[1] // step, 1)
