"""How the frames of a sequence follow one another: what a photomontage follows its pixels along."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8

from master_thesis.models.classical.exposure import Exposure
from master_thesis.models.classical.neighbours import NeighbourMotion, View

Picture = UInt8[np.ndarray, "H W 3"] | Float32[np.ndarray, "H W 3"]
Hole = Bool[np.ndarray, "H W"]


@dataclass(frozen=True)
class Motions:
    """How the frames of a sequence follow one another.

    Attributes:
        steps: the motion from frame t to frame t + 1, where one of them has a hole.
        exposures: of all frames, against the first one.
    """

    steps: Mapping[int, NeighbourMotion]
    exposures: Sequence[Exposure]

    @staticmethod
    def of(
        frames: Sequence[Picture], holes: Sequence[Hole], steps: MutableMapping[int, NeighbourMotion] | None = None
    ) -> Motions:
        """Measures them, one after the other.

        Args:
            frames: RGB.
            holes: what is not known of them.
            steps: those that were measured before, to which the others are added; None: none.
        """
        steps, exposures, first = {} if steps is None else steps, [Exposure.unchanged()], None
        for t in range(len(holes) - 1):
            second = None
            if t not in steps and (holes[t].any() or holes[t + 1].any()):
                first = first or View.of(frames[t], holes[t])
                second = View.of(frames[t + 1], holes[t + 1])
                steps[t] = NeighbourMotion.between(first, second)
            exposures.append(exposures[-1].after(steps[t].exposure if t in steps else Exposure.unchanged()))
            first = second
        return Motions(steps, exposures)

    def is_repeat(self, t: int) -> bool:
        """Whether frame t repeats the one before."""
        return t - 1 in self.steps and self.steps[t - 1].is_repeat

    def original(self, t: int) -> int:
        """The frame that frame t repeats; itself if it repeats none."""
        return self.original(t - 1) if self.is_repeat(t) else t

    def ahead(self, t: int, points: Float[np.ndarray, "N 2"]) -> Float[np.ndarray, "N 2"]:
        """Where pixels of frame t lie in the next frame."""
        return self.steps[t].forwards(points)

    def behind(self, t: int, points: Float[np.ndarray, "N 2"]) -> Float[np.ndarray, "N 2"]:
        """Where pixels of frame t lie in the frame before."""
        return self.steps[t - 1].backwards(points)
