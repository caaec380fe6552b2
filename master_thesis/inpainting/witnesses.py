"""Counts the frames that show each pixel of a hole along a plane, so that no more are looked for than it takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int

from master_thesis.inpainting.planes import NUM_PLANES

WITNESSES = 3
"""Frames that show a pixel along a plane, so that they can outvote one; more are not looked for."""


@dataclass(frozen=True)
class Witnesses:
    """Which pixels of a hole have been seen so far; its arrays are written to.

    Attributes:
        reached: pixels that were followed to anywhere, the only ones that need any.
        shown: whether they are shown along each plane.
        seen: by how many frames, well away from their holes.
    """

    reached: Bool[np.ndarray, " N"]
    shown: Bool[np.ndarray, "P N"]
    seen: Int[np.ndarray, "P N"]

    @staticmethod
    def of(reached: Bool[np.ndarray, " N"]) -> Witnesses:
        """Those of pixels that nothing has shown yet."""
        shape = NUM_PLANES, len(reached)
        return Witnesses(reached, np.zeros(shape, bool), np.zeros(shape, int))

    def add(self, number: int, is_known: Bool[np.ndarray, " N"], is_safe: Bool[np.ndarray, " N"]) -> bool:
        """Counts what a frame shows along a plane if any of it was missing; returns whether it was."""
        shown, seen = self.shown[number], self.seen[number]
        is_new = bool(((is_known & ~shown) | (is_safe & (seen < WITNESSES))).any())
        if is_new:
            shown |= is_known
            seen += is_safe
        return is_new

    @property
    def are_enough(self) -> bool:
        """Whether the largest plane shows every pixel often enough."""
        return bool((self.seen[0][self.reached] >= WITNESSES).all())
