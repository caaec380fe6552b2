"""Measures the fine detail of pictures, and strengthens or weakens it.

Convention:
    Detail is the mean absolute Laplacian of grey, in grey levels.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Bool, Float, Shaped, UInt8

from master_thesis.ops.pixels import as_bytes, sample_at

CELL_PX = 4
"""Detail is kept as means over cells of so many pixels."""
LEAST_KNOWN = 0.05
"""Share of a cell that must be known."""
LEAST, MOST = 0.8, 1.6
"""Range of the wanted detail, as a multiple of what there is."""
NEAR_PX = 8.0
"""Extent over which detail is compared."""
DOUBT = 0.3
"""Detail, in grey levels, below which there is too little to compare."""
TRIAL, LEAST_EFFECT = 0.5, 0.2
"""Share of the band that is added to see what that changes, and the least effect that all of it is taken to have."""
BINOMIAL = np.array([1, 2, 1], np.float32) / 4
CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


class Detail(NamedTuple):
    """The fine detail of a picture: the mean absolute Laplacian of its grey.

    Attributes:
        amount: of the known pixels of each cell, divided by the number of all of them.
        known: share of each cell that is known.
    """

    amount: Float[np.ndarray, "h w"]
    known: Float[np.ndarray, "h w"]

    @staticmethod
    def of(picture: Shaped[np.ndarray, "H W 3"], hole: Bool[np.ndarray, "H W"]) -> Detail:
        """Measures a picture outside its hole."""
        known = cv2.erode((~hole).view(np.uint8), CROSS)
        return Detail(_in_cells(cv2.copyTo(_amount(picture), known)), _in_cells(known))

    def at(self, points: Float[np.ndarray, "N 2"]) -> Float[np.ndarray, " N"]:
        """The detail around some points; NaN where it is unknown."""
        places = ((points + 0.5) / CELL_PX - 0.5).astype(np.float32)
        amount, known = (sample_at(plane, places) for plane in self)
        return np.where(known > LEAST_KNOWN, amount / np.maximum(known, LEAST_KNOWN), np.nan)


def with_detail(
    picture: Float[np.ndarray, "H W 3"],
    copied: Bool[np.ndarray, "H W"],
    wanted: Float[np.ndarray, "H W"],
) -> Float[np.ndarray, "H W 3"]:
    """Strengthens or weakens the finest band of copies, to the detail that they should have.

    What surrounds them has no part in it, so that the step at a border does not grow.

    Args:
        picture: part of a frame, RGB in [0, 255].
        copied: the pixels that may change.
        wanted: the detail that they should have, in grey levels; NaN: unknown.
    """
    is_compared = (cv2.erode(copied.astype(np.uint8), CROSS) > 0) & ~np.isnan(wanted)
    if not is_compared.any():
        return picture
    band = _band(picture, copied)
    amounts = _amount(picture), _amount(picture + TRIAL * band), np.nan_to_num(wanted), np.ones_like(wanted)
    compared = [(amount * is_compared).astype(np.float32) for amount in amounts]
    gain = _change(*cv2.split(_around(cv2.merge(compared))))
    return picture + band * (gain * copied)[..., None]


def _change(
    there: Float[np.ndarray, "H W"],
    tried: Float[np.ndarray, "H W"],
    wanted: Float[np.ndarray, "H W"],
    count: Float[np.ndarray, "H W"],
) -> Float[np.ndarray, "H W"]:
    """How much of the band to add, by the detail there is, with some of the band added, and that is wanted."""
    usual = there + DOUBT * count + 1e-6
    wanted_change = ((wanted - there) / usual).clip(LEAST - 1, MOST - 1)
    return wanted_change / np.maximum((tried - there) / usual / TRIAL, LEAST_EFFECT)


def _around(planes: Float[np.ndarray, "H W C"]) -> Float[np.ndarray, "H W C"]:
    """Averages planes nearby, at the size of cells."""
    near = cv2.GaussianBlur(_in_cells(planes), (0, 0), NEAR_PX / CELL_PX)
    return cv2.resize(near, planes.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def _in_cells(planes: Shaped[np.ndarray, "H W *C"]) -> Float[np.ndarray, "h w *C"]:
    """The mean of each cell; what is left of rows and columns does not count."""
    height, width = (max(side // CELL_PX, 1) for side in planes.shape[:2])
    whole = planes[: height * CELL_PX, : width * CELL_PX].astype(np.float32)
    return cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA)


def _amount(picture: Shaped[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "H W"]:
    """The absolute Laplacian of a picture in grey, rounded to 8 bits as all that are compared."""
    grey = cv2.cvtColor(as_bytes(picture), cv2.COLOR_RGB2GRAY)
    return cv2.convertScaleAbs(cv2.Laplacian(grey, cv2.CV_16S))


def _band(picture: Float[np.ndarray, "H W 3"], known: Bool[np.ndarray, "H W"]) -> Float[np.ndarray, "H W 3"]:
    """What differs from the mean of the known neighbours; 0 where a pixel is not known itself."""
    weights = cv2.merge([known.astype(np.float32)] * 3)
    inside = picture * weights
    mean, share = (cv2.sepFilter2D(planes, -1, BINOMIAL, BINOMIAL) for planes in (inside, weights))
    return (inside - mean / (share + np.float32(1e-6))) * weights
