"""GrabCut: the outline of an object in a box, or around strokes, by colours alone.

Source: GrabCut (Rother et al., 2004), as OpenCV implements it.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from master_thesis.images.reducing import reduce_image, size_within
from master_thesis.ops.mask import widen_window, window_of

LONGER_SIDE_PX = 640
"""Longer side at which outlines are found by GrabCut alone."""
ITERATIONS = 6
REACH = 0.16
"""How far an object without a box may reach from its points and strokes, as a share of the longer side."""
MIDDLE = 0.25
"""Share of a box, from its middle outwards, that GrabCut alone takes to be the object."""
SURROUNDINGS = 0.6
"""Width of the surroundings of a box that are looked at, as a share of its longer side."""


def cut_alone(
    image: UInt8[np.ndarray, "H W 3"],
    box: tuple[int, int, int, int] | None,
    on: Bool[np.ndarray, "H W"],
    off: Bool[np.ndarray, "H W"],
) -> Bool[np.ndarray, "H W"]:
    """The outline that GrabCut finds alone."""
    labels = _labels(on.shape, box, on, off)
    mask = np.zeros(on.shape, bool)
    window = surroundings_of(labels != cv2.GC_BGD)
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
    reduced[reduced_stroke(on, small)], reduced[reduced_stroke(off, small)] = cv2.GC_FGD, cv2.GC_BGD
    found = grab_cut(reduce_image(image, small), reduced, ITERATIONS)
    return cv2.resize(found.astype(np.float32), labels.shape[::-1], interpolation=cv2.INTER_LINEAR) > 0.5


def reduced_stroke(stroke: Bool[np.ndarray, "H W"], size: tuple[int, int]) -> Bool[np.ndarray, "h w"]:
    """A stroke at a smaller size: thin ones must not fall between the pixels."""
    return cv2.resize(stroke.astype(np.float32), size[::-1], interpolation=cv2.INTER_AREA) > 0.3


def _labels(
    size: tuple[int, int],
    box: tuple[int, int, int, int] | None,
    on: Bool[np.ndarray, "H W"],
    off: Bool[np.ndarray, "H W"],
) -> UInt8[np.ndarray, "H W"]:
    """What GrabCut alone starts from."""
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


def grab_cut(
    image: UInt8[np.ndarray, "h w 3"], labels: UInt8[np.ndarray, "h w"], iterations: int
) -> Bool[np.ndarray, "h w"]:
    """Runs GrabCut."""
    cut = labels.copy()
    if not (cut == cv2.GC_BGD).any():  # the box is the entire frame: its edge must then be background
        cut[[0, -1], :] = cut[:, [0, -1]] = cv2.GC_BGD
    if np.isin(cut, (cv2.GC_FGD, cv2.GC_PR_FGD)).any():
        models, no_box = (np.zeros((1, 65)), np.zeros((1, 65))), (0, 0, 1, 1)
        cv2.setRNGSeed(0)
        cv2.grabCut(image, cut, no_box, *models, iterations, cv2.GC_INIT_WITH_MASK)
    return np.isin(cut, (cv2.GC_FGD, cv2.GC_PR_FGD))


def surroundings_of(marked: Bool[np.ndarray, "H W"]) -> tuple[slice, slice]:
    """The marked part of a frame with its surroundings, which say what the background looks like."""
    window = window_of(marked)
    assert window is not None, "something is marked"
    longest = max(side.stop - side.start for side in window)
    height, width = marked.shape
    return widen_window(window, round(SURROUNDINGS * (longest - 1)) + 8, (height, width))
