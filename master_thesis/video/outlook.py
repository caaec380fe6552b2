"""Predicts, before the work begins, how much of the hole is hallucinated and how many pairs are needed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from master_thesis.inpainting.planning import CameraPath, ReferencePlan, ReferencePlanner
from master_thesis.inpainting.refusals import refused_shares
from master_thesis.models.classical.homography import forget_features
from master_thesis.models.classical.tracking import tracked_motion
from master_thesis.video.plan import Scene
from master_thesis.video.samples import Sample

NUM_TARGETS = 8
"""Frames of a scene whose references are planned; half of them tell how much is refused."""
STILL_PX = 0.5
"""Largest movement, at the size of the samples, of a camera that stands still."""
NUM_HALLUCINATED = 2
"""Pairs of a frame that passes on what was hallucinated before."""


@dataclass(frozen=True)
class Outlook:
    """What can be expected.

    Attributes:
        hidden_percent: the share of the hole that no frame shows; None: there is nothing to judge by.
        refs_per_frame: mean number of references planned for a frame with a hole.
        unseen_share: share of these frames whose hole is not shown entirely.
        is_still: whether the camera stands still and the mask never moves.
        seconds: how long the prediction took per frame.
        refused_percent: the share of the hole in whose place other frames show something else.
        renewed_percent: the share of the hole that is hallucinated and was not hidden in the frame before.
        entered_percent: the share of the hole that was not hidden in the frame before.
        is_alone: whether every frame with a hole is the only one of its scene.
    """

    hidden_percent: float | None
    refs_per_frame: float
    unseen_share: float
    is_still: bool
    seconds: float = 0.0
    refused_percent: float = 0.0
    renewed_percent: float = 0.0
    entered_percent: float = 0.0
    is_alone: bool = False

    @property
    def hallucinated_percent(self) -> float | None:
        """The share of the hole that cannot be copied; None: there is nothing to judge by."""
        return None if self.hidden_percent is None else self.hidden_percent + self.refused_percent

    def pairs_per_frame(self, algorithm: str) -> float:
        """Mean number of pairs per frame with a hole (ff, ip)."""
        return self.refs_per_frame + (NUM_HALLUCINATED * self.unseen_share if algorithm == "ip" else 0)

    @property
    def words(self) -> list[str]:
        """The same, one line each."""
        if self.is_alone:
            return ["prediction: there is no other frame to copy from, so the entire hole will be hallucinated"]
        if self.is_still:
            return ["prediction: the camera stands still and the mask never moves: no background can be copied"]
        if self.hidden_percent is None:
            return []
        hidden, refused = f"{self.hidden_percent:.0f}", f"{self.refused_percent:.0f}"
        unseen = f"about {hidden} % of the hole is visible in no frame"
        strange = "other frames show what does not belong there"
        if hidden == refused == "0":
            return ["prediction: nearly everything that the hole hides is visible in other frames and will be copied"]
        if refused == "0":
            return [f"prediction: {unseen} and will be hallucinated"]
        if hidden == "0":
            return [f"prediction: in about {refused} % of the hole {strange}; this part will be hallucinated"]
        return [f"prediction: {unseen}, and in about {refused} % of it {strange}; both will be hallucinated"]


@dataclass(frozen=True)
class _Forecast:
    """What can be expected of a frame.

    Attributes:
        plan: its references.
        count: pixels of its hole.
        refused: the share of what is shown in the holes of its scene that is refused.
        entered: the shares of its hole that were not hidden in the frame before: shown by no frame, and by some.
    """

    plan: ReferencePlan
    count: int
    refused: float
    entered: tuple[float, float]

    @property
    def shares(self) -> tuple[float, float, float, float]:
        """Those of its hole that are hidden, refused, renewed and entered, as :class:`Outlook` counts them."""
        hidden, shown = self.entered
        return 1 - self.plan.shown, self.plan.shown * self.refused, hidden + shown * self.refused, hidden + shown


@dataclass(frozen=True)
class _SceneForecast:
    """What can be expected of a scene.

    Attributes:
        targets: some of its frames.
        is_still: whether the camera stands still and the mask never moves.
    """

    targets: Sequence[_Forecast]
    is_still: bool

    @staticmethod
    def of(samples: Sequence[Sample], scene: Scene, size: tuple[int, int]) -> _SceneForecast:
        """Plans the references of some of its samples, of which one at least has a hole."""
        frames, holes = _cropped(samples, scene, size)
        path = CameraPath.of(frames, holes, tracked_motion)
        planner = ReferencePlanner(path, holes, margin=0)  # a margin would count visible pixels as hidden
        targets = [t for t, hole in enumerate(holes) if hole.any()]
        targets = targets[:: -(-len(targets) // NUM_TARGETS)]
        plans, counts = [planner.plan(t) for t in targets], [int(holes[t].sum()) for t in targets]
        shown = np.array([plan.shown * count for plan, count in zip(plans, counts, strict=True)])[::2]
        shares = refused_shares(frames, holes, path, targets[::2]) if shown.any() else shown
        refused = float(shown @ shares / max(shown.sum(), 1))
        entered = [_entered(t, planner, [sample.number for sample in samples]) for t in targets]
        found = [_Forecast(p, c, refused, e) for p, c, e in zip(plans, counts, entered, strict=True)]
        return _SceneForecast(found, bool((holes == holes[0]).all()) and _is_still(path, frames.shape[1:3]))


def _entered(t: int, planner: ReferencePlanner, numbers: Sequence[int]) -> tuple[float, float]:
    """The shares of the hole of a sample that were not hidden in the frame before: shown by no frame, and by some."""
    before = t - 1 if t else min(1, len(numbers) - 1)
    return planner.entering(t, before, abs(numbers[t] - numbers[before]))


def predict(samples: Sequence[Sample], scenes: Sequence[Scene], size: tuple[int, int]) -> Outlook:
    """Plans the references of a few frames of every scene, and tries how much of what they show is refused.

    Args:
        samples: of the video.
        scenes: those that have a hole.
        size: height and width of the video.
    """
    start = time.perf_counter()
    insides = [[sample for sample in samples if scene.start <= sample.number < scene.stop] for scene in scenes]
    found = [
        _SceneForecast.of(inside, scene, size)
        for inside, scene in zip(insides, scenes, strict=True)
        if any(sample.hole.any() for sample in inside) and (len(inside) > 1 or _is_single(scene))
    ]
    forget_features()
    seconds = (time.perf_counter() - start) / max(len(samples), 1)
    targets = [target for scene in found for target in scene.targets]
    if not targets:
        return Outlook(None, 1.0, 0.0, False, seconds)
    refs, unseen = (
        float(np.mean(values)) for values in ([len(t.plan.refs) for t in targets], [t.plan.shown < 1 for t in targets])
    )
    shares = 100 * np.average([t.shares for t in targets], axis=0, weights=[t.count for t in targets])
    hidden, refused, renewed, entered = shares.tolist()
    is_still, is_alone = all(scene.is_still for scene in found), all(_is_single(scene) for scene in scenes)
    return Outlook(hidden, refs, unseen, is_still, seconds, refused, renewed, entered, is_alone)


def _is_single(scene: Scene) -> bool:
    return scene.stop - scene.start == 1


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
