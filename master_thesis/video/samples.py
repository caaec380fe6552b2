"""A few frames of a video, kept while it is examined: to predict from, and for a trial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from master_thesis.images.reducing import reduce_hole, reduce_image, size_within
from master_thesis.video.compositing import WorkingFrame, to_working
from master_thesis.video.plan import Scene
from master_thesis.video.spacing import EvenlySpaced

MAX_SAMPLES = 48
"""Largest number of frames that are looked at, at equal distances."""
SIDE_PX = 384
"""Largest extent of these frames."""


@dataclass(frozen=True)
class Sample:
    """One frame with its hole, reduced unless another size is named; ``number`` counts in the video."""

    number: int
    image: UInt8[np.ndarray, "h w 3"]
    hole: Bool[np.ndarray, "h w"]


@dataclass
class Samples:
    """Collects reduced frames at equal distances, without knowing in advance how many there are.

    Attributes:
        num_frames: number of frames that were looked at.
        first: the first frame with a hole and the one after it, at full size, for a trial.
    """

    num_frames: int = 0
    first: list[Sample] = field(default_factory=list)
    _spaced: EvenlySpaced[Sample] = field(default_factory=lambda: EvenlySpaced(MAX_SAMPLES))

    @property
    def kept(self) -> list[Sample]:
        """The reduced frames."""
        return self._spaced.kept

    def add(self, image: UInt8[np.ndarray, "H W 3"], mask: Bool[np.ndarray, "H W"]) -> None:
        """Takes the next frame of the video."""
        if len(self.first) == 1 or (not self.first and mask.any()):
            self.first.append(Sample(self.num_frames, image.copy(), mask.copy()))
        size = size_within(mask.shape, SIDE_PX)
        self._spaced.add(lambda: Sample(self.num_frames, reduce_image(image, size), reduce_hole(mask, size)))
        self.num_frames += 1

    def trial(self, scenes: Sequence[Scene]) -> tuple[Scene, list[WorkingFrame]]:
        """Two neighbouring frames with a hole of the usual size for their scene, at the working size of that.

        Args:
            scenes: those that have a hole.
        """
        scene = next(scene for scene in scenes if scene.start <= self.first[0].number < scene.stop)
        hole = self._usual_hole(scene)
        frames = [to_working(sample.image, hole, scene) for sample in self.first]
        return scene, [frames[0], frames[-1]]

    def _usual_hole(self, scene: Scene) -> Bool[np.ndarray, "H W"]:
        """Of those that were looked at in a scene, the hole whose size is nearest to their mean."""
        first = self.first[0].hole
        holes = [sample.hole for sample in self.kept if scene.start <= sample.number < scene.stop and sample.hole.any()]
        if not holes:
            return first
        sizes = np.array([np.count_nonzero(hole) for hole in holes])
        usual = holes[int(np.abs(sizes - sizes.mean()).argmin())]
        return cv2.resize(usual.view(np.uint8), first.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
