"""Changes of exposure between frames: a gain and an offset per colour, chained along a sequence.

Convention:
    An exposure maps colours of a frame, in [0, 255], to what the first frame of the chain would show:
    ``gain * colour + offset``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from jaxtyping import Float, Shaped, UInt8

from master_thesis.ops.image import GREY

LARGEST_CHANGE = 0.25
"""Largest change of the gain between neighbouring frames; a larger one is another scene."""
LEAST_SPREAD = 4.0
"""Standard deviation, in grey levels, below which colours say nothing about a gain."""
LEAST_CHANGE = 0.4
"""Mean change, in grey levels, below which there is none: chains of small errors would add up."""
LEAST_PIXELS = 50
BLUR_PX = 2.0
NUM_BYTES = 256
DARKEST, BRIGHTEST = 3, 252
"""Colours beyond are clipped."""
TRIM = 2.5
"""Differences further from the median than this, in median deviations, are not due to exposure."""


@dataclass(frozen=True)
class Exposure:
    """A change of colours, per channel."""

    gain: Float[np.ndarray, " 3"]
    offset: Float[np.ndarray, " 3"]

    @staticmethod
    def unchanged() -> Exposure:
        """The identity."""
        return Exposure(np.ones(3), np.zeros(3))

    @staticmethod
    def between(
        first: UInt8[np.ndarray, "h w 3"], second: UInt8[np.ndarray, "h w 3"], weights: Float[np.ndarray, "h w"]
    ) -> Exposure:
        """Measures how colours of the second picture become those of the first one.

        Means and standard deviations are compared. A regression would find too small a gain wherever the pictures are
        not aligned exactly, and a chain of such gains would fade.

        Args:
            first: a picture.
            second: the other one, aligned.
            weights: trust in every pixel.
        """
        one, two = (cv2.GaussianBlur(p, (0, 0), BLUR_PX).astype(np.float32) for p in (first, second))
        darkest, brightest = (cv2.split(extreme) for extreme in (np.minimum(one, two), np.maximum(one, two)))
        is_clipped = np.any([plane < DARKEST for plane in darkest], axis=0)
        is_clipped |= np.any([plane > BRIGHTEST for plane in brightest], axis=0)
        chosen = (weights > 0.5) & ~is_clipped
        if chosen.sum() < LEAST_PIXELS:
            return Exposure.unchanged()
        fits = [_fit(a[chosen], b[chosen]) for a, b in zip(cv2.split(one), cv2.split(two), strict=True)]
        gain, offset = np.array(fits).T
        return Exposure(gain, offset)

    def after(self, inner: Exposure) -> Exposure:
        """The exposure that applies ``inner`` first."""
        return Exposure(self.gain * inner.gain, self.gain * inner.offset + self.offset)

    @cached_property
    def is_unchanged(self) -> bool:
        """Whether it changes nothing."""
        return bool((self.gain == 1).all() and (self.offset == 0).all())

    @property
    def grey(self) -> Exposure:
        """That of the frame in grey, which is exact where all gains are the same."""
        return Exposure(np.full(3, np.dot(GREY, self.gain)), np.full(3, np.dot(GREY, self.offset)))

    def seen_as(self, other: Exposure, colours: Shaped[np.ndarray, "N 3"]) -> Float[np.ndarray, "N 3"]:
        """Colours of a frame of this exposure as a frame of the other one would show them."""
        if self.is_unchanged and other.is_unchanged:
            return colours.astype(np.float64)
        if colours.dtype == np.uint8 and len(colours) > NUM_BYTES:  # each value is computed once
            return cv2.LUT(colours[None], self.levels_seen_as(other)[None])[0]
        return (self.gain * colours + self.offset - other.offset) / other.gain

    def levels_seen_as(self, other: Exposure) -> Float[np.ndarray, "256 3"]:
        """What becomes of every level of 8 bits, per channel."""
        return self.seen_as(other, np.repeat(np.arange(float(NUM_BYTES))[:, None], 3, axis=1))

    def bytes_seen_as(self, other: Exposure) -> UInt8[np.ndarray, "256 3"]:
        """The same, rounded to 8 bits."""
        return np.rint(self.levels_seen_as(other)).clip(0, 255).astype(np.uint8)


def _fit(one: Float[np.ndarray, " N"], two: Float[np.ndarray, " N"]) -> tuple[float, float]:
    """Gain and offset that turn the second colours into the first ones."""
    difference = one - two
    away = np.abs(difference - np.median(difference))
    is_usual = away <= TRIM * max(float(np.median(away)), 0.5)
    one, two = one[is_usual].astype(np.float64), two[is_usual].astype(np.float64)
    spreads = one.std(), two.std()
    gain = spreads[0] / spreads[1] if min(spreads) >= LEAST_SPREAD else 1.0
    gain = float(np.clip(gain, 1 - LARGEST_CHANGE, 1 + LARGEST_CHANGE))
    offset = float(one.mean() - gain * two.mean())
    change = np.abs((gain - 1) * two + offset).mean()
    return (gain, offset) if change >= LEAST_CHANGE else (1.0, 0.0)
