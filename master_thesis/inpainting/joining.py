"""Joins the colours that are copied into a hole to what surrounds it.

What differs between a copy and the frame around a hole is measured in a ring at some distance: light that changes
shows there, too, while the fringe, blur or shadow of an object whose mask is tight does not. That difference is
continued into the hole like a membrane. What is left at the border itself fades out within a few pixels. In the end,
what is hallucinated and the copies beside it are joined once more, where steps exceed the texture nearby.

Source: a gradient-domain blend, guided by the copy and fixed at the border (Perez et al., Poisson image editing, 2003).
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int

from master_thesis.ops.mask import Window, widen_window, widened, window_of
from master_thesis.ops.membrane import along_border, blur, membrane
from master_thesis.ops.pixels import nearest_in, pixels_in, put_pixels
from master_thesis.ops.seams import without_seams

RING_PX = (4, 14)
"""Distances from the margin of a hole between which the ring lies."""
NEGLIGIBLE = 0.3
"""Differences of light, in grey levels, that the measurement in the ring may be wrong by."""
LEAST_PIXELS = 40
"""Least number of pixels of a ring; with fewer, the border alone decides."""
USUAL_DIFFERENCE = 12.0
"""Differences further than this, in grey levels, from what most agree on are not due to light."""
LEAST_SHARE = 0.03
"""Share of the ring nearby that must agree to count half."""
NUM_FITS, RIDGE, SPACING = 5, 0.5, 4
"""Of the plane that is fitted to the differences along a ring, from every fourth of its pixels."""
LARGEST_DIFFERENCE = 160.0
"""Larger differences along the border of a hole, in grey levels, are not matched: the copy shows something else."""
FADE_PX = 3.5
"""Distance from the copied margin at which a third is left of what differs there alone, if it differs much."""

NEAR_PX = 16
"""Copies this close to what is hallucinated are joined to it: they often come from frames in which the ground has
another tone. Copies that nothing hallucinated is near to keep their own borders."""
FAR_PX = 48
"""How much further what is taken away at a seam fades out at most."""


def ring_around(known: Bool[np.ndarray, "H W"], wide: Bool[np.ndarray, "H W"]) -> Int[np.ndarray, "H W"]:
    """For each pixel of the ring around a hole, the nearest copied pixel of the hole or its margin; -1 elsewhere.

    Args:
        known: whether a pixel is copied.
        wide: the hole and its margin.

    Returns:
        Indices among the copied pixels, row by row.
    """
    if not known.any():
        return np.full(known.shape, -1)
    away = cv2.distanceTransform((~wide).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    return np.where((away >= RING_PX[0]) & (away <= RING_PX[1]), nearest_in(known), -1)


def joined(
    copied: Float[np.ndarray, "H W 3"],
    difference: Float[np.ndarray, "H W 3"],
    is_copied: Bool[np.ndarray, "H W"],
    ring: Bool[np.ndarray, "H W"],
    hole: Bool[np.ndarray, "H W"],
) -> Float[np.ndarray, "H W 3"]:
    """Copies that meet what surrounds their hole.

    Args:
        copied: colours of the copied pixels.
        difference: the frame minus its copies, where both are known.
        is_copied: the pixels of the hole and its margin that are copied.
        ring: the pixels of the ring with a difference.
        hole: what is to be filled.
    """
    band = is_copied & ~hole
    band &= _largest(difference) < LARGEST_DIFFERENCE
    light = np.zeros_like(copied)
    if ring.sum() >= LEAST_PIXELS:
        light = membrane(_usual(difference, ring), ring)
        light = np.sign(light) * (np.abs(light) - NEGLIGIBLE).clip(0)
    correction = light
    if band.any():
        rest = membrane(along_border(difference - light, band), band)
        if ring.sum() >= LEAST_PIXELS:
            # Where the margin is not copied, nothing is known of the border.
            away = cv2.distanceTransform((~band).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
            # Small differences at the border are light after all, and are continued.
            size = np.minimum(_largest(rest) / USUAL_DIFFERENCE, 1)
            fading = np.exp((1 - away.clip(1)) / FADE_PX * size)
            rest = cv2.merge([plane * fading for plane in cv2.split(rest)])
        correction = light + rest
    return copied + cv2.copyTo(correction, is_copied.view(np.uint8))


def without_steps(
    filled: Float[np.ndarray, "H W 3"], hole: Bool[np.ndarray, "H W"], source: Int[np.ndarray, "H W"]
) -> Float[np.ndarray, "H W 3"]:
    """A filled hole in which what is hallucinated meets the copies and the frame without a step.

    Args:
        filled: the frame with its hole filled.
        hole: what was filled.
        source: the frame that each of its pixels is copied from; negative if hallucinated, by where that was done.
    """
    hallucinated = hole & (source < 0)
    window = window_of(hallucinated)
    if window is None:
        return filled
    place, result = widen_window(window, NEAR_PX + FAR_PX, (hole.shape[0], hole.shape[1])), filled.copy()
    is_free = hole[place] & _is_inner(place, hole.shape)
    near = hole[place] & widened(hallucinated[place], NEAR_PX)
    result[place] = without_seams(filled[place], is_free, source[place], near)
    return result


def _is_inner(place: Window, size: tuple[int, ...]) -> Bool[np.ndarray, "h w"]:
    """All pixels of a window but its outermost ones, except where it ends with the frame."""
    inner = np.ones(tuple(side.stop - side.start for side in place), bool)
    for lines, side, extent in zip((inner, inner.T), place, size, strict=True):
        lines[0] &= side.start == 0
        lines[-1] &= side.stop == extent
    return inner


def _usual(difference: Float[np.ndarray, "H W 3"], ring: Bool[np.ndarray, "H W"]) -> Float[np.ndarray, "H W 3"]:
    """Averages differences along a ring; those that most others contradict count little, or not at all."""
    y, x = np.nonzero(ring)
    values = pixels_in(difference, ring)
    terms = np.stack((np.ones(len(x)), x / ring.shape[1] - 0.5, y / ring.shape[0] - 0.5), axis=-1).astype(np.float32)
    plane = terms @ _plane(values[::SPACING], terms[::SPACING])
    weights = _weights(values - plane)[:, None]
    signal = np.zeros((*ring.shape, 4), np.float32)
    put_pixels(signal, ring, np.hstack(((values - plane) * weights, weights)))
    rest, weight = np.split(pixels_in(blur(signal), ring), (3,), axis=1)
    count = blur(ring.astype(np.float32))[ring][:, None]
    result = np.zeros_like(difference)
    put_pixels(result, ring, plane + rest / (weight + LEAST_SHARE * count + 1e-6))
    return result


def _largest(colours: Float[np.ndarray, "H W 3"]) -> Float[np.ndarray, "H W"]:
    """The largest of the three, whatever its sign."""
    red, green, blue = cv2.split(np.abs(colours))
    return np.maximum(np.maximum(red, green), blue)


def _plane(values: Float[np.ndarray, "N 3"], terms: Float[np.ndarray, "N 3"]) -> Float[np.ndarray, "3 3"]:
    """The plane per colour, as multiples of terms, that most of the values agree on, by weighted least squares."""
    found = np.vstack((np.median(values, axis=0), np.zeros((2, 3)))).astype(np.float32)
    for _ in range(NUM_FITS):
        weighted = terms * _weights(values - terms @ found)[:, None]
        matrix = (terms.T @ weighted).astype(np.float64) + RIDGE * np.diag((0, 1, 1)) + 1e-6 * np.eye(3)
        found = np.linalg.solve(matrix, weighted.T @ values).astype(np.float32)
    return found


def _weights(residual: Float[np.ndarray, "N 3"]) -> Float[np.ndarray, " N"]:
    most = np.maximum(np.maximum(np.abs(residual[:, 0]), np.abs(residual[:, 1])), np.abs(residual[:, 2]))
    return 1 / (1 + (most / USUAL_DIFFERENCE) ** 2) ** 2
