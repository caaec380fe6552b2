"""Planning of references: what every frame of a scene can show of every hole, before any network runs.

The motions between neighbouring frames, measured once, are chained; a frame's hole, carried along, is compared with
the holes of all other frames. Thus only references that show something are aligned, and a hole that no frame can show
costs no alignment.

Convention:
    Motions are homogeneous matrices in pixels, (0, 0) being the centre of the top-left one; ``motion(t, r)`` maps
    pixels of frame t to pixels of frame r.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from master_thesis.models.classical.homography import global_motion, still_and_moved_error, unless_still
from master_thesis.ops.mask import widened_square
from master_thesis.ops.pixels import is_shown

STRIDE_PX = 3
"""Distance of the hole's pixels that are carried along."""
MARGIN_PX = 2
"""Holes are widened by this much where nothing else is said."""
LONGER_SIDE_PX = 512
"""Largest extent of the frames that references are planned on: the plan needs no more detail."""
ENTERING_POINTS = 256
"""About so many of the pixels that enter a hole are looked up in all frames."""
MAX_REFS = 6
NUM_SPARE = 4
MIN_GAIN = 0.01
"""Smallest share of the hole that another reference must add."""
MIN_IMPROVEMENT = 0.04
"""Smallest mean improvement, in the value of a pixel, that a nearer reference must bring."""
HALF_DISTANCE = 4.0
"""Distance, in frames, at which the value of a shown pixel is halved."""


@dataclass(frozen=True)
class CameraPath:
    """The chained motion of a camera.

    Attributes:
        to_first: maps pixels of every frame to pixels of the first one.
    """

    to_first: Float[np.ndarray, "F 3 3"]

    @staticmethod
    def of(
        frames: UInt8[np.ndarray, "F H W 3"],
        holes: Bool[np.ndarray, "F H W"],
        motion: Callable[..., Float[np.ndarray, "3 3"]] = global_motion,
    ) -> CameraPath:
        """Measures the motion between neighbouring frames, outside their holes.

        Args:
            frames: RGB.
            holes: what is not known of them.
            motion: measures it; called as :func:`~master_thesis.models.classical.homography.global_motion`.
        """
        greys = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames]
        path = [np.eye(3)]
        for t in range(1, len(greys)):
            both = greys[t], ~holes[t], greys[t - 1], ~holes[t - 1]
            chained = path[-1] @ unless_still(motion(*both), *both)
            path.append(chained / chained[2, 2])
        if _is_still(path, greys, ~holes):
            return CameraPath(np.tile(np.eye(3), (len(path), 1, 1)))
        return CameraPath(np.stack(path))

    def motion(self, t: int, r: int) -> Float[np.ndarray, "3 3"]:
        """The motion from frame t to frame r."""
        chained = np.linalg.inv(self.to_first[r]) @ self.to_first[t]
        return chained / chained[2, 2]


def _is_still(
    path: Sequence[Float[np.ndarray, "3 3"]],
    greys: Sequence[UInt8[np.ndarray, "H W"]],
    known: Bool[np.ndarray, "F H W"],
) -> bool:
    """Whether standing still explains all frames better than the chained motion.

    What passes before stripes may explain each step better than the camera, but not the whole way.
    """
    errors = [
        still_and_moved_error(motion, grey, inside, greys[0], known[0])
        for motion, grey, inside in zip(path, greys, known, strict=True)
    ]
    still, moved = np.sum(errors, axis=0)
    return bool(still < moved)


@dataclass(frozen=True)
class ReferencePlan:
    """The references of one frame.

    Attributes:
        refs: in the order in which they add most.
        shown: the share of the hole that any frame shows, in [0, 1].
        spare: further frames that show some of it, nearest first, should the aligner fail on the others.
    """

    refs: tuple[int, ...]
    shown: float
    spare: tuple[int, ...] = ()


class ReferencePlanner:
    """Chooses the references of every frame of a scene.

    Args:
        path: the camera's motion.
        holes: of all frames.
        margin: pixels by which holes are widened, as chained motions are not exact.
    """

    def __init__(self, path: CameraPath, holes: Bool[np.ndarray, "F H W"], margin: int = MARGIN_PX) -> None:
        self.path, self.holes = path, holes
        self._unknown = [widened_square(hole, margin) for hole in holes]

    def plan(self, t: int) -> ReferencePlan:
        """Chooses references greedily: near ones that show much of what no other one shows."""
        points = hole_points(self.holes[t])
        if not len(points):
            return ReferencePlan((), 1.0)
        sees = np.stack([self._sees(t, r, points) for r in range(len(self.holes))])
        weights = 1 / (1 + np.abs(np.arange(len(self.holes)) - t) / HALF_DISTANCE)
        values, reached = sees * weights[:, None], np.zeros(len(points))
        refs: list[int] = []
        while len(refs) < MAX_REFS:
            gains = np.maximum(values - reached, 0).sum(axis=1)
            best = int(np.argmax(gains))
            is_new = bool((sees[best] & (reached == 0)).sum() >= max(MIN_GAIN * len(points), 1))
            if not is_new and gains[best] < MIN_IMPROVEMENT * len(points):
                break
            refs.append(best)
            reached = np.maximum(reached, values[best])
        others = [r for r in np.flatnonzero(sees.mean(axis=1) >= MIN_GAIN) if r not in refs]
        spare = sorted(map(int, others), key=lambda r: abs(r - t))[:NUM_SPARE]
        return ReferencePlan(tuple(refs), float(sees.any(axis=0).mean()), tuple(spare))

    def entering(self, t: int, before: int, apart: int = 1) -> tuple[float, float]:
        """The shares of a hole that the frame before it did not hide: those that no frame shows, and that some do.

        Args:
            t: the frame of the hole, in which it is not empty.
            before: a neighbour of it among the frames.
            apart: how many frames apart the two are; what happens between them is taken to be uniform.
        """
        points = np.argwhere(self.holes[t])[:, ::-1].astype(np.float64)  # a step may be shorter than STRIDE_PX
        new = points[~self._was_hidden(t, before, apart, points)]
        some = new[:: max(len(new) // ENTERING_POINTS, 1)]
        sees = np.any([self._sees(t, r, some) for r in range(len(self.holes))], axis=0) if len(some) else [0.0]
        entered, shown = len(new) / len(points), float(np.mean(sees))
        return entered * (1 - shown), entered * shown

    def _was_hidden(self, t: int, before: int, apart: int, points: np.ndarray) -> Bool[np.ndarray, " P"]:
        """Whether the frame before frame t hid points of it."""
        moved = self._moved(t, before, points)
        if apart > 1 and self.holes[before].any():
            drift = moved - points - (_centre(self.holes[before]) - _centre(self.holes[t]))
            before, moved = t, points + drift / apart
        return is_shown(moved, ~self._unknown[before])

    def _sees(self, t: int, r: int, points: np.ndarray) -> Bool[np.ndarray, " P"]:
        """Whether points of frame t, carried along, lie inside frame r and outside its hole."""
        return np.zeros(len(points), bool) if t == r else is_shown(self._moved(t, r, points), self._unknown[r])

    def _moved(self, t: int, r: int, points: np.ndarray) -> Float[np.ndarray, "P 2"]:
        """Where points of frame t lie in frame r."""
        return cv2.perspectiveTransform(points[None], self.path.motion(t, r))[0]


def _centre(hole: Bool[np.ndarray, "H W"]) -> Float[np.ndarray, " 2"]:
    """The mean position (x, y) of the pixels of a hole."""
    return np.argwhere(hole).mean(axis=0)[::-1]


def hole_points(hole: Bool[np.ndarray, "H W"]) -> Float[np.ndarray, "P 2"]:
    """Pixels (x, y) of a hole at a distance of ``STRIDE_PX``; all of them where it is small."""
    y, x = np.nonzero(hole)
    on_grid = (y % STRIDE_PX == 0) & (x % STRIDE_PX == 0)
    chosen = on_grid if on_grid.sum() >= 100 else slice(None)
    return np.stack((x[chosen], y[chosen]), axis=-1).astype(np.float64)
