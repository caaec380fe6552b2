"""The motion and exposure from frame to frame of a sequence, along which a photomontage follows pixels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8

from master_thesis.models.classical.exposure import Exposure
from master_thesis.models.classical.neighbours import NeighbourMotion
from master_thesis.models.classical.views import View
from master_thesis.runtime.ahead import side_by_side

Picture = UInt8[np.ndarray, "H W 3"] | Float32[np.ndarray, "H W 3"]
Hole = Bool[np.ndarray, "H W"]


@dataclass(frozen=True)
class Motions:
    """The motion and exposure from frame to frame of a sequence.

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
        """Measures them, several at once.

        Args:
            frames: RGB.
            holes: their unknown pixels.
            steps: those measured before, to which the others are added; None: none.
        """
        steps, exposures = {} if steps is None else steps, [Exposure.unchanged()]
        pairs = range(len(holes) - 1)
        new = [t for t in pairs if t not in steps and (holes[t].any() or holes[t + 1].any())]
        measured = side_by_side(lambda views: NeighbourMotion.between(*views), _neighbours(frames, holes, new))
        for t, motion in zip(new, measured, strict=True):
            steps[t] = motion
        for t in pairs:
            exposures.append(exposures[-1].after(steps[t].exposure if t in steps else Exposure.unchanged()))
        return Motions(steps, exposures)

    def is_repeat(self, t: int) -> bool:
        """Whether frame t repeats the one before."""
        return t - 1 in self.steps and self.steps[t - 1].is_repeat

    def original(self, t: int) -> int:
        """The frame that frame t repeats; itself if it repeats none."""
        return self.original(t - 1) if self.is_repeat(t) else t

    def between(self, t: int, other: int, points: Float[np.ndarray, "N 2"]) -> Float[np.ndarray, "N 2"]:
        """Where pixels of frame t lie in a neighbouring one."""
        return self.steps[t].forwards(points) if other > t else self.steps[other].backwards(points)


def _neighbours(
    frames: Sequence[Picture], holes: Sequence[Hole], numbers: Sequence[int]
) -> Iterator[tuple[View, View]]:
    """Yields some frames with their next ones, each of them prepared once."""
    last, second = -1, None
    for t in numbers:
        first = second if second is not None and t == last + 1 else View.of(frames[t], holes[t])
        last, second = t, View.of(frames[t + 1], holes[t + 1])
        yield first, second
