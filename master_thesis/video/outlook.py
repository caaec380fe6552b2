"""Predicts, before the work begins, how much of the hole no frame shows and how many pairs are needed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, UInt8

from master_thesis.images.reducing import reduce_hole, reduce_image, size_within
from master_thesis.inpainting.planning import CameraPath, ReferencePlanner
from master_thesis.models.classical.homography import forget_features
from master_thesis.models.classical.tracking import tracked_motion
from master_thesis.video.compositing import WorkingFrame, to_working
from master_thesis.video.plan import Scene

MAX_SAMPLES = 48
"""Largest number of frames that are looked at, at equal distances."""
SIDE_PX = 384
"""Largest extent of these frames."""
NUM_TARGETS = 8
"""Frames of a scene whose references are planned."""
STILL_PX = 0.5
"""Largest movement, at that size, of a camera that stands still."""
NUM_HALLUCINATED = 2
"""Pairs of a frame that passes on what was hallucinated before."""


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
        kept: the reduced frames.
        num_frames: number of frames that were looked at.
        first: the first frame with a hole and the one after it, at full size, for a trial.
    """

    kept: list[Sample] = field(default_factory=list)
    num_frames: int = 0
    first: list[Sample] = field(default_factory=list)
    _step: int = 1

    def add(self, image: UInt8[np.ndarray, "H W 3"], mask: Bool[np.ndarray, "H W"]) -> None:
        """Takes the next frame of the video."""
        if len(self.first) == 1 or (not self.first and mask.any()):
            self.first.append(Sample(self.num_frames, image.copy(), mask.copy()))
        if self.num_frames % self._step == 0:
            size = size_within(mask.shape, SIDE_PX)
            self.kept.append(Sample(self.num_frames, reduce_image(image, size), reduce_hole(mask, size)))
            if len(self.kept) > MAX_SAMPLES:
                self.kept, self._step = self.kept[::2], 2 * self._step
        self.num_frames += 1

    def trial(self, scenes: Sequence[Scene]) -> tuple[Scene, list[WorkingFrame]]:
        """Two neighbouring frames, the first one with a hole, at the working size of its scene.

        Args:
            scenes: those that have a hole.
        """
        scene = next(scene for scene in scenes if scene.start <= self.first[0].number < scene.stop)
        frames = [to_working(sample.image, sample.hole, scene) for sample in self.first]
        return scene, [frames[0], frames[-1]]


@dataclass(frozen=True)
class Outlook:
    """What can be expected.

    Attributes:
        hidden_percent: the share of the hole that no frame shows; None: there is nothing to judge by.
        refs_per_frame: mean number of references planned for a frame with a hole.
        unseen_share: share of these frames whose hole is not shown entirely.
        is_still: whether the camera stands still and the mask never moves.
        seconds: how long the prediction took per frame.
    """

    hidden_percent: float | None
    refs_per_frame: float
    unseen_share: float
    is_still: bool
    seconds: float = 0.0

    def pairs_per_frame(self, algorithm: str) -> float:
        """Mean number of pairs per frame with a hole (ff, ip)."""
        return self.refs_per_frame + (NUM_HALLUCINATED * self.unseen_share if algorithm == "ip" else 0)

    @property
    def words(self) -> list[str]:
        """The same, one line each."""
        if self.is_still:
            return ["prediction: the camera stands still and the mask never moves: no background can be copied"]
        if self.hidden_percent is None:
            return []
        unseen = f"about {self.hidden_percent:.0f} % of the hole is visible in no frame"
        return [f"prediction: {unseen}; it will be hallucinated, and so will what is visible but cannot be trusted"]


def predict(samples: Sequence[Sample], scenes: Sequence[Scene], size: tuple[int, int]) -> Outlook:
    """Plans the references of a few frames of every scene.

    Args:
        samples: of the video.
        scenes: those that have a hole.
        size: height and width of the video.
    """
    start = time.perf_counter()
    hidden, num_pixels, plans, stills = 0.0, 0, [], []
    for scene in scenes:
        inside = [sample for sample in samples if scene.start <= sample.number < scene.stop]
        if not any(sample.hole.any() for sample in inside):
            continue
        frames, holes = _cropped(inside, scene, size)
        path = CameraPath.of(frames, holes, tracked_motion)
        planner = ReferencePlanner(path, holes, margin=0)  # a margin would count visible pixels as hidden
        targets = [t for t, hole in enumerate(holes) if hole.any()]
        for t in targets[:: -(-len(targets) // NUM_TARGETS)]:
            plan, count = planner.plan(t), int(holes[t].sum())
            hidden, num_pixels = hidden + (1 - plan.shown) * count, num_pixels + count
            plans.append(plan)
        stills.append(bool((holes == holes[0]).all()) and _is_still(path, frames.shape[1:3]))
    forget_features()
    seconds = (time.perf_counter() - start) / max(len(samples), 1)
    if not plans:
        return Outlook(None, 1.0, 0.0, False, seconds)
    refs, unseen = (np.mean(counts) for counts in ([len(p.refs) for p in plans], [p.shown < 1 for p in plans]))
    return Outlook(100 * hidden / num_pixels, float(refs), float(unseen), all(stills), seconds)


def _cropped(samples: Sequence[Sample], scene: Scene, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Frames and holes of the processed part of a scene."""
    (height, width), (h, w), box = size, samples[0].hole.shape, scene.crop
    rows = slice(box.top * h // height, -(-box.bottom * h // height))
    columns = slice(box.left * w // width, -(-box.right * w // width))
    return np.stack([s.image[rows, columns] for s in samples]), np.stack([s.hole[rows, columns] for s in samples])


def _is_still(path: CameraPath, size: tuple[int, int]) -> bool:
    """Whether the corners of a frame stay where they are."""
    height, width = size
    corners = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]], float)
    moved = corners @ np.swapaxes(path.to_first, 1, 2)
    return bool(np.abs(moved[..., :2] / moved[..., 2:] - corners[:, :2]).max() <= STILL_PX)
