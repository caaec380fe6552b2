"""Single lines of text: their letters, and whether two lines say the same."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from master_thesis.ops.mask import disc

SAME_PLACE = 0.5
"""Overlap of the boxes of two lines from which they may be the same."""
SAME_LETTERS = 0.6
"""Correlation of the letters of two lines from which they say the same; others stay below 0.35."""
SHIFT_PX = 3
"""Largest shift between the letters of two lines, in addition to the difference of their boxes."""
THICKNESS = 1 / 6
"""Radius of the thickest stroke of a letter, as a share of the height of a line."""
CONTRAST = 0.7
"""Share of the threshold between letters and picture from which a pixel belongs to a letter."""

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Line:
    """A line of text in a frame.

    Attributes:
        quad: its corners, x first.
        box: left, top, right and bottom, of which the last two are outside.
        letters: pixels of its letters, with outline and shadow, in the box.
        pattern: bright and dark strokes in the box; 128 where there are none.
    """

    quad: Float[np.ndarray, "4 2"]
    box: Box
    letters: Bool[np.ndarray, "h w"]
    pattern: UInt8[np.ndarray, "h w"]

    @property
    def height(self) -> float:
        """The shorter side of the smallest rectangle around it, in pixels."""
        return float(min(cv2.minAreaRect(self.quad.astype(np.float32))[1]))


def read_line(image: UInt8[np.ndarray, "H W 3"], quad: Float[np.ndarray, "4 2"]) -> Line | None:
    """The letters of a line: thin parts of a frame that are much brighter or darker than what is around them.

    Args:
        image: the frame.
        quad: the corners of the line.

    Returns:
        The line; None if it lies outside the frame.
    """
    height, width = image.shape[:2]
    (left, top), (right, bottom) = np.floor(quad.min(axis=0)), np.ceil(quad.max(axis=0))
    box = (max(int(left), 0), max(int(top), 0), min(int(right), width), min(int(bottom), height))
    if box[0] >= box[2] or box[1] >= box[3]:
        return None
    part = np.ascontiguousarray(image[box[1] : box[3], box[0] : box[2]])
    radius = max(round(THICKNESS * min(part.shape[:2])), 2)
    kernel = disc(radius)
    bright, dark = (cv2.morphologyEx(part, way, kernel) for way in (cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT))
    strongest = np.maximum(bright, dark).max(axis=2)
    threshold, _ = cv2.threshold(strongest, 0, 255, cv2.THRESH_OTSU)
    inside = np.zeros(strongest.shape, np.uint8)
    outline_mask(inside, quad - box[:2])
    letters = (strongest > CONTRAST * threshold) & (inside > 0)
    pattern = np.rint(128 + (bright.mean(axis=2) - dark.mean(axis=2)) / 2).astype(np.uint8)
    return Line(quad, box, letters, pattern)


def outline_mask(mask: UInt8[np.ndarray, "H W"], corners: Float[np.ndarray, "N 2"]) -> None:
    """Fills the convex hull of points of a mask."""
    cv2.fillConvexPoly(mask, cv2.convexHull(np.rint(corners).astype(np.int32)), 1)


def is_same_text(first: Line, second: Line) -> bool:
    """Whether two lines at about the same place say the same; the second may have moved a little."""
    return overlap(first.box, second.box) >= SAME_PLACE and likeness(first, second) >= SAME_LETTERS


def likeness(first: Line, second: Line) -> float:
    """Correlation of the letters of two lines, at the best shift; either box may reach further on one side."""
    shapes = first.pattern.shape, second.pattern.shape
    size, difference = np.maximum(*shapes), np.abs(np.subtract(*shapes))
    wider = _centred(first.pattern, size + 2 * SHIFT_PX + difference)
    return float(cv2.matchTemplate(wider, _centred(second.pattern, size), cv2.TM_CCOEFF_NORMED).max())


def _centred(pattern: UInt8[np.ndarray, "h w"], size: Int[np.ndarray, "2"]) -> UInt8[np.ndarray, "H W"]:
    plane, (top, left) = np.full(size, 128, np.uint8), (size - pattern.shape) // 2
    plane[top : top + pattern.shape[0], left : left + pattern.shape[1]] = pattern
    return plane


def overlap(first: Box, second: Box) -> float:
    """Intersection over union of two boxes.

    >>> overlap((0, 0, 4, 2), (2, 0, 6, 2))
    0.3333333333333333
    """
    left, top = max(first[0], second[0]), max(first[1], second[1])
    right, bottom = min(first[2], second[2]), min(first[3], second[3])
    shared = max(right - left, 0) * max(bottom - top, 0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return shared / max(sum(areas) - shared, 1)
