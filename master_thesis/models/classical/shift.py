"""The shift between two pictures of which little may be known, however far it leads.

Source: masked normalised cross-correlation (Padfield, 2012), of reduced pictures.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8

from master_thesis.images.reducing import reduce_hole, size_within

SIDE_PX = 108
"""Largest extent of the pictures that are compared."""
LEAST_VARIANCE = 1e-4
"""Of what is compared, in squares of a unit from black to white; plainer parts say nothing."""
LEAST_SHARE = 1e-3
"""Of the picture, below which nothing is compared."""


def likeliest_shift(
    target: UInt8[np.ndarray, "H W"],
    known_target: Bool[np.ndarray, "H W"],
    ref: UInt8[np.ndarray, "H W"],
    known_ref: Bool[np.ndarray, "H W"],
) -> Float[np.ndarray, " 2"]:
    """The shift in px, (x, y), from the target to the reference at which they resemble each other most.

    Of high correlations over small and large overlaps, the one counts that chance explains least: by Fisher's
    transformation, they differ in standard deviations that shrink with the root of the overlap.
    """
    size = size_within((target.shape[0], target.shape[1]), SIDE_PX)
    one, other = (_Spectra(*_reduced(*side, size)) for side in ((target, known_target), (ref, known_ref)))
    y, x = np.unravel_index(_significance(one, other, size[0] * size[1]).argmax(), one.size)
    (height, width), (rows, columns) = size, one.size
    shift = x - columns * (x >= width), y - rows * (y >= height)
    return np.array(shift) * (target.shape[1] / width, target.shape[0] / height)


class _Spectra:
    """Spectra of where a picture is known, of its brightness there, and of its square; padded to twice the size."""

    def __init__(self, grey: Float32[np.ndarray, "h w"], known: Float32[np.ndarray, "h w"]) -> None:
        height, width = grey.shape
        self.size = cv2.getOptimalDFTSize(2 * height), cv2.getOptimalDFTSize(2 * width)
        border = 0, self.size[0] - height, 0, self.size[1] - width, cv2.BORDER_CONSTANT
        self.known, self.grey, self.square = (
            cv2.dft(cv2.copyMakeBorder(plane, *border)) for plane in (known, grey * known, grey**2 * known)
        )


def _reduced(
    grey: UInt8[np.ndarray, "H W"], known: Bool[np.ndarray, "H W"], size: tuple[int, int]
) -> tuple[Float32[np.ndarray, "h w"], Float32[np.ndarray, "h w"]]:
    """A picture at a smaller size, from black to white in 1 and 0 on the mean, and where it is known."""
    small, is_known = cv2.resize(grey, size[::-1], interpolation=cv2.INTER_AREA), ~reduce_hole(~known, size)
    mean = cv2.mean(small, is_known.view(np.uint8))[0]
    return (small.astype(np.float32) - np.float32(mean)) / np.float32(255), is_known.astype(np.float32)


def _significance(one: _Spectra, other: _Spectra, num_pixels: int) -> Float32[np.ndarray, "H W"]:
    """How little chance explains the correlation at each shift."""
    overlap = _correlation(one.known, other.known)
    count = np.maximum(overlap, np.float32(1))
    means = _correlation(one.grey, other.known) / count, _correlation(one.known, other.grey) / count
    squares = _correlation(one.square, other.known), _correlation(one.known, other.square)
    spreads = [np.maximum(s / count - mean**2, LEAST_VARIANCE) for s, mean in zip(squares, means, strict=True)]
    common = _correlation(one.grey, other.grey) / count - means[0] * means[1]
    likeness = (common / np.sqrt(spreads[0] * spreads[1])).clip(0, 0.999)
    return np.arctanh(likeness) * np.sqrt(overlap.clip(0)) * (overlap > LEAST_SHARE * num_pixels)


def _correlation(one: Float32[np.ndarray, "H W"], other: Float32[np.ndarray, "H W"]) -> Float32[np.ndarray, "H W"]:
    """The sum of products of two planes at each shift of the second one against the first one."""
    product = cv2.mulSpectrums(other, one, 0, conjB=True)
    return cv2.dft(product, flags=cv2.DFT_INVERSE | cv2.DFT_SCALE)
