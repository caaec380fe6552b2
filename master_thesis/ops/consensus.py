"""Chooses among several pictures of one place what most of them show and what fits the surroundings.

Convention:
    Candidates are pictures ``(K, H, W, 3)``, with ``known`` where they show anything; 0 elsewhere.

Source: the terms are those of Agarwala et al., Interactive Digital Photomontage, 2004, and Granados et al., How Not to
Be Seen, 2012; costs are averaged in windows before the best label is taken, as by Hosni et al., Fast Cost-Volume
Filtering, 2013.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

WINDOW_PX = 3
"""Extent of the windows in which candidates are compared."""
TOLERANCE = 16.0
"""Mean difference of two candidates, in grey levels, at which they hardly support each other."""
LARGEST_DIFFERENCE = 60.0
"""Larger differences count no more than this."""
OWN_WEIGHT = 3.0
"""Weight of the label itself relative to those that agree with it: averages are closer to the truth, but less sharp."""
SURROUNDINGS_PX = 6.0
"""Extent of the surroundings over which the fit of a candidate is averaged, also into the hole."""
LARGEST_MISFIT = 40.0


class Consensus(NamedTuple):
    """What was chosen.

    Attributes:
        label: the candidate with the most support.
        weights: shares of the candidates that agree with it; they add up to 1 where anything is known.
    """

    label: Int[np.ndarray, "H W"]
    weights: Float[np.ndarray, "K H W"]


def misfit(
    candidates: UInt8[np.ndarray, "K H W 3"],
    known: Bool[np.ndarray, "K H W"],
    picture: UInt8[np.ndarray, "H W 3"],
    visible: Bool[np.ndarray, "H W"],
) -> Float[np.ndarray, "K H W"]:
    """How much each candidate differs from a picture nearby, in grey levels; continued into what is not visible."""
    fits = np.zeros(known.shape, np.float32)
    for fit, candidate, shown in zip(fits, candidates, known, strict=True):
        both = (shown & visible).astype(np.float32)
        error = np.minimum(_difference(candidate, picture).astype(np.float32), LARGEST_MISFIT) * both
        overall = float(error.sum() / both.sum()) if both.any() else LARGEST_MISFIT
        near, weight = (cv2.GaussianBlur(plane, (0, 0), SURROUNDINGS_PX) for plane in (error, both))
        fit[:] = (near + 1e-3 * overall) / (weight + 1e-3)
    return fits


def agreement(
    candidates: UInt8[np.ndarray, "K H W 3"], known: Bool[np.ndarray, "K H W"]
) -> Float[np.ndarray, "K K H W"]:
    """How far each pair of candidates shows the same, in [0, 1]."""
    count, window = len(candidates), (WINDOW_PX, WINDOW_PX)
    result = np.zeros((count, *known.shape), np.float32)
    shown, most = known.astype(np.uint8), np.uint8(LARGEST_DIFFERENCE)
    for i in range(count):
        for j in range(i):
            both = cv2.bitwise_and(shown[i], shown[j])
            if not cv2.countNonZero(both):
                continue
            difference = cv2.copyTo(np.minimum(_difference(candidates[i], candidates[j]), most), both)
            share = cv2.boxFilter(both, cv2.CV_32F, window) + np.float32(1e-6)
            error = cv2.boxFilter(difference, cv2.CV_32F, window) / share / np.float32(TOLERANCE)
            result[i, j] = result[j, i] = cv2.exp(-(error**2)) * both
    return result


def _difference(one: UInt8[np.ndarray, "H W 3"], two: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "H W"]:
    """The mean over the colours."""
    return cv2.transform(cv2.absdiff(one, two), np.full((1, 3), 1 / 3))


def consensus(
    trust: Float[np.ndarray, "K H W"], agree: Float[np.ndarray, "K K H W"], bias: Float[np.ndarray, "K H W"]
) -> Consensus:
    """Chooses the candidate that the others support most, and how far each of these takes part.

    Args:
        trust: in each candidate; 0 where it shows nothing.
        agree: of each pair.
        bias: subtracted from the logarithm of the support.
    """
    support = np.einsum("ijhw,jhw->ihw", agree, trust) + trust
    score = np.where(trust > 0, np.log(support + 1e-12) - bias, -np.inf)
    label = score.argmax(axis=0)
    # The row of the label at each pixel; NumPy's take_along_axis takes four times as long.
    pixel, row = np.arange(label.size).reshape(label.shape), np.arange(len(trust))[:, None, None]
    weights = agree.ravel().take((label * len(trust) + row) * label.size + pixel) * trust
    own = OWN_WEIGHT * np.take_along_axis(trust, label[None], axis=0)
    np.put_along_axis(weights, label[None], own, axis=0)
    return Consensus(label, weights / (weights.sum(axis=0) + 1e-12))
