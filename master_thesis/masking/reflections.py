"""Reflections of an object on the ground below it: its mirror image, blended with the background behind it.

As for shadows, the background is the median of other frames, moved by the camera's motion. Whether the ground reflects
is decided for an entire scene: there, what is seen below the object differs from the background by a share of what the
object, mirrored at a line near its lowest point, would add.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from master_thesis.masking.shadows import SMOOTHING_PX, ShadowFinder
from master_thesis.ops.mask import widened

LOWEST_SHARE = 0.005
"""Share of the object that may lie below the line at which it is mirrored."""
SHIFTS_PX = range(-4, 9, 2)
"""Where this line may lie below that, since the mask does not end exactly where the object stands."""
WEAKEST, STRONGEST = 0.12, 0.9
"""Share of the mirror image in what is seen."""
MIN_EXPLAINED = 0.35
"""Share of the difference from the background that the mirror image has to explain."""
MIN_KNOWN = 0.1
"""Where less of the mirror image than this share of the object has a known background, a frame is not asked."""
MIN_FRAMES = 4
"""Frames of a scene that have to be asked."""
MIN_DIFFERENCE = 6.0
"""Smaller differences from the background, in grey levels, are noise."""
LOCAL_PX = 4.0
"""How differences are smoothed before a place is said to have no reflection."""
MARGIN_PX = 2
"""How far a reflection may reach beyond the mirrored mask."""

Mask = Bool[np.ndarray, "H W"]
Colours = Float[np.ndarray, "H W 3"]


@dataclass(frozen=True)
class Fit:
    """How well the mirrored object explains what is seen below it.

    Attributes:
        explained: share of the difference from the background.
        strength: share of the mirror image in what is seen.
        shift: of the line at which it is mirrored, in pixels.
    """

    explained: float
    strength: float
    shift: int


class ReflectionFinder(ShadowFinder):
    """Finds the reflections in the frames of a scene (arguments: :class:`ShadowFinder`)."""

    def found(self) -> Iterator[Mask]:
        """The reflection in every frame of the scene, without the object."""
        fits = [fit for fit in map(self._fit, self.frames) if fit is not None]
        explained, strength, shift = (
            float(np.median([getattr(fit, name) for fit in fits] or [0])) for name in ("explained", "strength", "shift")
        )
        is_there = len(fits) >= MIN_FRAMES and explained > MIN_EXPLAINED and WEAKEST < strength < STRONGEST
        for frame in self.frames:
            yield self._reflection(frame, strength, round(shift)) if is_there else np.zeros_like(self.mask_at(frame))

    def hidden(self, frame: int) -> Mask:
        """Where a frame shows the object or may show its reflection."""
        mask = self.mask_at(frame)
        return mask | _mirrored_mask(mask, 0)

    def _fit(self, frame: int) -> Fit | None:
        """The best line for a frame; None if too little is known."""
        mask = self.mask_at(frame)
        if not mask.any():
            return None
        background, is_known = self.background(frame)
        fits = []
        for shift in SHIFTS_PX:
            there = _mirrored_mask(mask, shift) & is_known & ~widened(mask, 1)
            if there.sum() < MIN_KNOWN * mask.sum():
                continue
            seen, full = (each[there] for each in self._differences(frame, background, shift))
            along, power, total = float((seen * full).sum()), float((full**2).sum()), float((seen**2).sum())
            strength = along / max(power, 1e-6)
            fits.append(Fit(strength * along / max(total, 1e-6) if along > 0 else 0.0, strength, shift))
        return max(fits, key=lambda fit: fit.explained, default=None)

    def _differences(self, frame: int, background: Colours, shift: int) -> tuple[Colours, Colours]:
        """What differs from the background, and what would if nothing but the mirror image were seen."""
        picture = self.frame_at(frame).astype(np.float32)
        image = _mirrored(picture, self.mask_at(frame), shift)
        return cv2.GaussianBlur(picture - background, (0, 0), SMOOTHING_PX), image - background

    def _reflection(self, frame: int, strength: float, shift: int) -> Mask:
        """The mirrored mask without places that show their background."""
        mask = self.mask_at(frame)
        if not mask.any():
            return mask
        background, is_known = self.background(frame)
        seen, full = self._differences(frame, background, shift)
        along, power = (cv2.GaussianBlur((a * full).sum(axis=-1), (0, 0), LOCAL_PX) for a in (seen, full))
        is_visible = strength * np.abs(full).mean(axis=-1) > MIN_DIFFERENCE
        is_absent = is_known & is_visible & (along < WEAKEST / 2 * power)
        return widened(_mirrored_mask(mask, shift) & ~is_absent, MARGIN_PX) & ~mask


def _mirrored(
    picture: UInt8[np.ndarray, "H W"] | Colours, mask: Mask, shift: int
) -> UInt8[np.ndarray, "H W"] | Colours:
    """A picture mirrored at a line below the object; ``mask`` says where that is."""
    line = float(np.quantile(np.nonzero(mask)[0], 1 - LOWEST_SHARE)) + shift
    move = np.array([[1, 0, 0], [0, -1, 2 * line]])
    return cv2.warpAffine(picture, move, mask.shape[::-1], flags=cv2.INTER_LINEAR)


def _mirrored_mask(mask: Mask, shift: int) -> Mask:
    return _mirrored(mask.astype(np.uint8), mask, shift) > 0 if mask.any() else mask
