"""Frames as motion is measured in them: small, and without a trace of what is to be removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from master_thesis.images.reducing import reduce_hole, reduce_image, size_within
from master_thesis.ops.lucas_kanade import GradientImage

VIEW_SIDE_PX = 864
"""Largest extent of the frames in which the camera's motion is refined; flows are measured at half of that."""
COARSE_SIDE_PX = VIEW_SIDE_PX // 4
"""Frames of at most twice this extent are not reduced further."""
REPEATED_MEAN, REPEATED_MOST = 0.1, 12
"""Differences of a repeated frame, in grey levels: on the mean, and at most."""
SOME_ROWS = 8
"""Every so many rows are compared first."""
BLUR_PX = 16
"""Cells over which colours are averaged to blur a hole over."""
FAR_WEIGHT = 1e-4
"""Weight of the mean of the frame where nothing is known nearby."""


class Grey(NamedTuple):
    """A picture and where it is known."""

    grey: UInt8[np.ndarray, "h w"]
    known: Bool[np.ndarray, "h w"]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.grey.shape[0], self.grey.shape[1]

    def halved(self) -> Grey:
        """The same at half the size."""
        small = halved(self.grey)
        return Grey(small, ~reduce_hole(~self.known, (small.shape[0], small.shape[1])))


class Levels(NamedTuple):
    """A picture at the sizes in which flows are measured.

    Attributes:
        fine: at half the size of a view, for the surroundings of holes.
        coarse: at a quarter of it, for elsewhere; small ones at half the size as well.
    """

    fine: Grey
    coarse: Grey

    @staticmethod
    def of(picture: Grey) -> Levels:
        """Reduces a picture."""
        fine = picture.halved()
        return Levels(fine, fine.halved() if max(fine.size) > COARSE_SIDE_PX else fine)


@dataclass(frozen=True)
class View:
    """A frame as the motion is measured in it, small and without a trace of what is to be removed.

    Attributes:
        size: height and width of the frame.
        image: RGB at most of ``VIEW_SIDE_PX``, its hole blurred over by the surroundings.
        picture: the same in grey.
        levels: of ``picture``.
        colours: ``image`` at the coarse size.
        gradients: of ``image``.
    """

    size: tuple[int, int]
    image: UInt8[np.ndarray, "h w 3"]
    picture: Grey
    levels: Levels
    colours: UInt8[np.ndarray, "q r 3"]
    gradients: GradientImage

    @staticmethod
    def of(image: UInt8[np.ndarray, "H W 3"], hole: Bool[np.ndarray, "H W"]) -> View:
        """Prepares a frame, once for both of its neighbours."""
        height, width = hole.shape
        size = size_within((height, width), VIEW_SIDE_PX)
        known = ~reduce_hole(hole, size)
        small = blurred_over(reduce_image(image, size), ~known)
        picture = Grey(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), known)
        levels = Levels.of(picture)
        gradients = GradientImage.of_grey(picture.grey.astype(np.float32) / 255, known)
        colours = cv2.resize(halved(small), levels.coarse.size[::-1], interpolation=cv2.INTER_AREA)
        return View((height, width), small, picture, levels, colours, gradients)


def repeats(first: View, second: View) -> bool:
    """Whether two frames are the same but for their compression, as where a video was given a higher rate."""
    if first.size != second.size:
        return False
    return all(_are_alike(first, second, np.s_[::step]) for step in (SOME_ROWS, 1))


def _are_alike(first: View, second: View, rows: slice) -> bool:
    """Whether some rows are; if they are not, the frames are not either."""
    both = (first.picture.known[rows] & second.picture.known[rows]).view(np.uint8)
    difference = cv2.absdiff(first.image[rows], second.image[rows])
    if rows.step == 1 and (not both.any() or np.mean(cv2.mean(difference, both)[:3]) >= REPEATED_MEAN):
        return False
    return not both.any() or max(cv2.minMaxLoc(plane, both)[1] for plane in cv2.split(difference)) <= REPEATED_MOST


def halved(image: UInt8[np.ndarray, "H W *C"]) -> UInt8[np.ndarray, "h w *C"]:
    """A picture at half its size."""
    height, width = image.shape[:2]
    return cv2.resize(image, (max(width // 2, 1), max(height // 2, 1)), interpolation=cv2.INTER_AREA)


def blurred_over(image: UInt8[np.ndarray, "H W 3"], hole: Bool[np.ndarray, "H W"]) -> UInt8[np.ndarray, "H W 3"]:
    """Fills a hole with what surrounds it, without any detail that could be tracked."""
    if not hole.any():
        return image
    height, width = hole.shape
    known = np.where(hole, np.uint8(0), np.uint8(255))
    planes = halved(halved(cv2.merge((*cv2.split(cv2.copyTo(image, known)), known)))).astype(np.float32)
    size = max(width // BLUR_PX, 1), max(height // BLUR_PX, 1)
    around = cv2.GaussianBlur(cv2.resize(planes, size, interpolation=cv2.INTER_AREA), (0, 0), 2.0)
    around = around + FAR_WEIGHT * np.array(cv2.mean(planes), np.float32)
    filled = np.rint(around[..., :3] * 255 / (around[..., 3:] + 1e-6)).clip(0, 255).astype(np.uint8)
    return cv2.copyTo(image, known, cv2.resize(filled, (width, height), interpolation=cv2.INTER_LINEAR))
