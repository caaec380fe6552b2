"""Holes for single frames, as removals leave them: silhouettes, blobs, what copies leave of these, and fragments."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import UInt8

from master_thesis.ops.mask import widen_window, window_of

Mask = UInt8[np.ndarray, "H W"]

SIZES = (0.12, 0.75)
"""Extent of a hole, relative to the shorter side of a frame."""
WHOLE, LEFT_OVER, FRAGMENTS = 0.5, 0.72, 0.9
"""Shares of holes, added up: as they are; what is left of them after they moved; fragments; the rest: several parts."""
LEAST_PIXELS = 20


def blob(random: np.random.Generator) -> Mask:
    """A few ellipses."""
    plane = np.zeros((64, 64), np.uint8)
    for _ in range(random.integers(3, 9)):
        centre, axes = random.integers(12, 52, 2).tolist(), random.integers(4, 14, 2).tolist()
        cv2.ellipse(plane, centre, axes, float(random.uniform(0, 180)), 0, 360, 1, -1)
    return cropped(plane)


def cropped(mask: Mask) -> Mask:
    """The part of a mask that is not empty."""
    place = window_of(mask > 0)
    assert place is not None, "the mask is not empty"
    return mask[place]


def placed(outline: Mask, size: tuple[int, int], random: np.random.Generator) -> Mask:
    """An outline somewhere in a frame, partly outside at times, of random size and shape, and as removals leave it."""
    (height, width), mask = size, np.zeros(size, np.uint8)
    extent = min(size) * np.exp(random.uniform(*np.log(SIZES)))
    ratio = np.sqrt(outline.shape[1] / outline.shape[0] * np.exp(random.uniform(-0.3, 0.3)))
    h, w = int(np.clip(extent / ratio, 6, 0.9 * height)), int(np.clip(extent * ratio, 6, 0.9 * width))
    part = cv2.resize(outline[:, :: int(random.choice((-1, 1)))], (w, h), interpolation=cv2.INTER_NEAREST)
    top = int(random.integers(-h // 4, height - 3 * h // 4))
    left = int(random.integers(-w // 4, width - 3 * w // 4))
    y, x = slice(max(top, 0), top + h), slice(max(left, 0), left + w)
    mask[y, x] = part[max(-top, 0) :, max(-left, 0) :][: height - y.start, : width - x.start]
    return cv2.dilate(_left_open(mask, random), np.ones((2 * int(random.integers(0, 5)) + 1,) * 2, np.uint8))


def _left_open(mask: Mask, random: np.random.Generator) -> Mask:
    """What copies from other frames leave of a hole."""
    kind, place = random.random(), window_of(mask > 0)
    if kind < WHOLE or place is None:
        return mask
    h, w = (side.stop - side.start for side in place)
    if kind < LEFT_OVER:
        shift = np.array([[1, 0, random.normal(0, 0.25 * w)], [0, 1, random.normal(0, 0.25 * h)]])
        result = mask & (1 - cv2.warpAffine(mask, shift, mask.shape[::-1], flags=cv2.INTER_NEAREST))
    elif kind < FRAGMENTS:
        noise = random.normal(size=random.integers(3, 14, 2)).astype(np.float32)
        clouds = cv2.resize(noise, mask.shape[::-1], interpolation=cv2.INTER_CUBIC)
        result = mask * (clouds > random.uniform(-0.3, 0.8))
    else:
        result = mask | _scattered(mask.shape, (h, w), random)
        if random.random() < 0.4:
            result &= 1 - mask
    return result.astype(np.uint8) if result.sum() > LEAST_PIXELS else mask


def _scattered(size: tuple[int, ...], extent: tuple[int, int], random: np.random.Generator) -> Mask:
    """A few smaller blobs anywhere."""
    plane = np.zeros(size, np.uint8)
    for _ in range(random.integers(1, 4)):
        h, w = (max(int(side * random.uniform(0.1, 0.5)), 2) for side in extent)
        top, left = random.integers(max(size[0] - h, 1)), random.integers(max(size[1] - w, 1))
        part = plane[top : top + h, left : left + w]
        part |= cv2.resize(blob(random), part.shape[::-1], interpolation=cv2.INTER_NEAREST)
    return plane


def around(mask: Mask) -> tuple[slice, slice]:
    """A hole with as much on each side as it is large, as a painter sees it."""
    place = window_of(mask > 0)
    assert place is not None, "the mask is not empty"
    return widen_window(place, max(side.stop - side.start for side in place), (mask.shape[0], mask.shape[1]))
