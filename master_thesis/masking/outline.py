"""From marks on one frame to the outline of an object.

Source: GrabCut (Rother et al., 2004), as OpenCV implements it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from master_thesis.images.reducing import reduce_image, size_within

LONGER_SIDE_PX = 640
"""Longer side at which outlines are found."""
ITERATIONS = 6
DISC = 0.008
"""Radius of a point, as a share of the longer side."""
REACH = 0.16
"""How far an object without a box may reach from its points and strokes, as a share of the longer side."""
MIDDLE = 0.25
"""Share of a box, from its middle outwards, that is taken to be the object."""
SURROUNDINGS = 0.6
"""Width of the surroundings of a box that are looked at, as a share of its longer side."""


@dataclass(frozen=True)
class FrameMarks:
    """What was marked on one frame, in its pixels.

    Attributes:
        box: left, top, right and bottom, of which the last two are outside; None: no box.
        points: x and y of points on the object.
        off_points: the same beside it.
        on: pixels of strokes on the object.
        off: pixels of strokes beside it.
        mask: a finished mask.
    """

    box: tuple[int, int, int, int] | None = None
    points: tuple[tuple[int, int], ...] = ()
    off_points: tuple[tuple[int, int], ...] = ()
    on: Bool[np.ndarray, "H W"] | None = None
    off: Bool[np.ndarray, "H W"] | None = None
    mask: Bool[np.ndarray, "H W"] | None = None


def outline(image: UInt8[np.ndarray, "H W 3"], marks: FrameMarks) -> Bool[np.ndarray, "H W"]:
    """The mask of the object that is marked.

    A finished mask is kept; strokes and points add to it and erase from it. Otherwise GrabCut separates the object
    from its surroundings: strokes and points are certain, and so are everything outside a box and its very middle.

    Args:
        image: the frame, RGB.
        marks: at least a box, or something on the object.
    """
    size = image.shape[:2]
    on, off = _strokes(size, marks.points, marks.on), _strokes(size, marks.off_points, marks.off)
    on &= ~off
    if marks.mask is not None:
        return (marks.mask | on) & ~off
    labels = _labels(size, marks.box, on, off)
    mask = np.zeros(size, bool)
    window = _window(labels)
    mask[window] = _separated(np.ascontiguousarray(image[window]), labels[window], on[window], off[window])
    return (mask | on) & (labels != cv2.GC_BGD)


def _separated(
    image: UInt8[np.ndarray, "H W 3"],
    labels: UInt8[np.ndarray, "H W"],
    on: Bool[np.ndarray, "H W"],
    off: Bool[np.ndarray, "H W"],
) -> Bool[np.ndarray, "H W"]:
    """The object in a part of a frame, found at a smaller size where that is large."""
    small = size_within(labels.shape, LONGER_SIDE_PX)
    reduced = cv2.resize(labels, small[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
    for stroke, label in ((on, cv2.GC_FGD), (off, cv2.GC_BGD)):  # thin ones must not fall between the pixels
        covered = cv2.resize(stroke.astype(np.float32), small[::-1], interpolation=cv2.INTER_AREA)
        reduced[covered > 0.3] = label
    found = _grab_cut(reduce_image(image, small), reduced)
    return cv2.resize(found.astype(np.float32), labels.shape[::-1], interpolation=cv2.INTER_LINEAR) > 0.5


def _strokes(
    size: tuple[int, int], points: tuple[tuple[int, int], ...], drawn: Bool[np.ndarray, "H W"] | None
) -> Bool[np.ndarray, "H W"]:
    """Strokes, and a disc around every point."""
    canvas = np.zeros(size, np.uint8) if drawn is None else drawn.astype(np.uint8)
    for point in points:
        cv2.circle(canvas, point, max(round(DISC * max(size)), 1), 1, cv2.FILLED)
    return canvas > 0


def _labels(
    size: tuple[int, int],
    box: tuple[int, int, int, int] | None,
    on: Bool[np.ndarray, "H W"],
    off: Bool[np.ndarray, "H W"],
) -> UInt8[np.ndarray, "H W"]:
    """What GrabCut starts from."""
    labels = np.full(size, cv2.GC_BGD, np.uint8)
    if box is not None:
        left, top, right, bottom = box
        y, x = np.mgrid[top:bottom, left:right]
        radius = np.hypot((2 * x + 1 - left - right) / (right - left), (2 * y + 1 - top - bottom) / (bottom - top))
        likely = np.where(radius <= 1, cv2.GC_PR_FGD, cv2.GC_PR_BGD)
        labels[top:bottom, left:right] = np.where(radius < MIDDLE, cv2.GC_FGD, likely)
    else:
        far = cv2.distanceTransform((~on).astype(np.uint8), cv2.DIST_L2, 5) / max(size)
        labels[far < REACH] = cv2.GC_PR_BGD
        labels[far < REACH / 4] = cv2.GC_PR_FGD
    labels[on], labels[off] = cv2.GC_FGD, cv2.GC_BGD
    return labels


def _grab_cut(image: UInt8[np.ndarray, "h w 3"], labels: UInt8[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """Runs GrabCut."""
    cut = labels.copy()
    if not (cut == cv2.GC_BGD).any():  # the box is the entire frame: its edge must then be background
        cut[[0, -1], :] = cut[:, [0, -1]] = cv2.GC_BGD
    if np.isin(cut, (cv2.GC_FGD, cv2.GC_PR_FGD)).any():
        models, no_box = (np.zeros((1, 65)), np.zeros((1, 65))), (0, 0, 1, 1)
        cv2.setRNGSeed(0)
        cv2.grabCut(image, cut, no_box, *models, ITERATIONS, cv2.GC_INIT_WITH_MASK)
    return np.isin(cut, (cv2.GC_FGD, cv2.GC_PR_FGD))


def _window(labels: UInt8[np.ndarray, "h w"]) -> tuple[slice, slice]:
    """The open part of a frame with its surroundings, which say what the background looks like."""
    ys, xs = np.nonzero(labels != cv2.GC_BGD)
    margin = round(SURROUNDINGS * max(np.ptp(ys), np.ptp(xs))) + 8
    slices = [slice(max(int(a.min()) - margin, 0), int(a.max()) + 1 + margin) for a in (ys, xs)]
    return slices[0], slices[1]
