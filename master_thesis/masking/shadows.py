"""Shadows that move with an object: pixels next to its mask that are darker than the background behind them.

The background is the median of other frames of the scene, moved by the camera's motion. A shadow dims it without
changing its hue, touches the object, and is still there in a neighbouring frame, moved as the object moved.

Convention:
    Frames are RGB and masks bool, at the working size; homographies map pixels of the first frame to the second one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int, Int16, UInt8

from master_thesis.models.classical.homography import warp_homography
from master_thesis.models.classical.tracking import tracked_motion
from master_thesis.ops.mask import widened

DISTANCES = (4, 8, 12, 18, 24, 32)
"""Distances, on either side, of the frames whose median is the background."""
BETWEEN = (2, 6)
"""Distances of those that count as well where these show too little: the camera moves fast, or the scene is short. They
are no more than a remedy, because a slow shadow hides the same ground in near frames."""
MIN_SAMPLES = 3
"""Frames in which a pixel must be visible next to the object, or its background is unknown."""
APART_PX = 6
"""Pixels this close to a mask are not taken for background, and shadows begin at most this far from it."""
DARKEST, BRIGHTEST = 0.12, 0.88
"""Share of the light that a shadow leaves."""
MAX_TINT, MAX_SKY_TINT = 0.25, 0.6
"""Largest spread of the logarithms of what it leaves of red, green and blue: of any kind, and towards blue, the
colour of the sky that still lights it."""
OFFSET = 8.0
"""Added to colours, so that noise counts less in the dark."""
SMOOTHING_PX = 1.5
MIN_SHARE = 0.02
"""Smaller patches, as a share of the object, are noise."""
REACH = 1.0
"""How far a shadow may reach from the object, as a share of its longer side."""

UNKNOWN = np.int16(256)
"""In place of a colour where the object was: sorted last."""

Seen = Int16[np.ndarray, "H W 3"]
FrameAt = Callable[[int], UInt8[np.ndarray, "H W 3"]]
MaskAt = Callable[[int], Bool[np.ndarray, "H W"]]


class ShadowFinder:
    """Finds the shadows in the frames of a scene.

    Args:
        frame_at: returns frames by number.
        mask_at: returns the masks of the object.
        frames: those of the scene.
    """

    def __init__(self, frame_at: FrameAt, mask_at: MaskAt, frames: range) -> None:
        self.frame_at, self.mask_at, self.frames = frame_at, mask_at, frames
        self._found = lru_cache(maxsize=4)(self._dimmed)
        self._step = lru_cache(maxsize=2 * max(DISTANCES) + 2)(self._measured)
        self._wide = lru_cache(maxsize=2 * max(DISTANCES) + 2)(lambda t: widened(self.hidden(t), APART_PX))

    def found(self) -> Iterator[Bool[np.ndarray, "H W"]]:
        """The shadow in every frame of the scene, without the object."""
        for frame in self.frames:
            dim, mask = self._found(frame), self.mask_at(frame)
            beside = [t for t in (frame - 1, frame + 1) if t in self.frames and dim.any()]
            moved = [_shifted(self._found(t), _centre(mask) - _centre(self.mask_at(t))) for t in beside]
            steady = dim & np.logical_or.reduce([np.zeros_like(dim), *(widened(m, 3) for m in moved)])
            yield _touching(steady, mask)

    def hidden(self, frame: int) -> Bool[np.ndarray, "H W"]:
        """Where a frame does not show the background."""
        return self.mask_at(frame)

    def background(self, frame: int) -> tuple[Float[np.ndarray, "H W 3"], Bool[np.ndarray, "H W"]]:
        """The median of other frames, and where it is known."""
        nothing = np.full((*self.mask_at(frame).shape, 3), UNKNOWN)
        seen = [nothing, *self._moved(frame, DISTANCES)]
        is_enough = _count(seen) >= MIN_SAMPLES
        if not is_enough.all():
            seen += [np.where(is_enough[..., None], UNKNOWN, each) for each in self._moved(frame, BETWEEN)]
        count, samples = _count(seen), np.stack(_sorted(seen))
        middle = np.maximum((count - 1) // 2, 0)[None, ..., None]
        median = np.take_along_axis(samples, np.broadcast_to(middle, (1, *samples.shape[1:])), axis=0)[0]
        return np.where(median == UNKNOWN, np.float32(0), median), count >= MIN_SAMPLES

    def _moved(self, frame: int, distances: Sequence[int]) -> Iterator[Seen]:
        """Other frames as the camera would have seen them now."""
        for sign in (1, -1):
            motion, at = np.eye(3), frame
            for goal in (frame + sign * distance for distance in distances):
                if goal not in self.frames:
                    break
                for t in range(at, goal, sign):
                    step = self._step(min(t, t + sign))
                    motion = (step if sign > 0 else np.linalg.inv(step)) @ motion
                at = goal
                is_free = warp_homography((~self._wide(goal)).astype(np.float32), motion) > 0.99
                yield np.where(is_free[..., None], warp_homography(self.frame_at(goal), motion), UNKNOWN)

    def _measured(self, frame: int) -> Float[np.ndarray, "3 3"]:
        """The camera's motion to the next frame."""
        first, second = (cv2.cvtColor(self.frame_at(t), cv2.COLOR_RGB2GRAY) for t in (frame, frame + 1))
        return tracked_motion(first, ~self._wide(frame), second, ~self._wide(frame + 1))

    def _dimmed(self, frame: int) -> Bool[np.ndarray, "H W"]:
        """Where a frame is darker than its background and has the same hue, next to the object."""
        mask = self.mask_at(frame)
        if not mask.any():
            return np.zeros_like(mask)
        background, is_known = self.background(frame)
        ratio = (self.frame_at(frame) + OFFSET) / (background + OFFSET)
        left = cv2.GaussianBlur(np.log(ratio).astype(np.float32), (0, 0), SMOOTHING_PX)
        red, green, blue = cv2.split(left)
        light = (red + green + blue) / 3
        is_dim = (light > np.log(DARKEST)) & (light < np.log(BRIGHTEST))
        spread = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
        is_blue = (red <= green) & (green <= blue)
        return is_dim & (spread < np.where(is_blue, MAX_SKY_TINT, MAX_TINT)) & is_known & ~mask


def _count(seen: Sequence[Seen]) -> Int[np.ndarray, "H W"]:
    """How often each pixel was seen."""
    count = np.zeros(seen[0].shape[:2], int)
    for each in seen:
        count += each[..., 0] != UNKNOWN
    return count


def _sorted(seen: Sequence[Seen]) -> list[Seen]:
    """The samples of each pixel in order, by odd-even transposition: nine times as fast as numpy sorts so few."""
    samples = list(seen)
    for step in range(len(samples)):
        for i in range(step % 2, len(samples) - 1, 2):
            one, other = samples[i : i + 2]
            samples[i : i + 2] = np.minimum(one, other), np.maximum(one, other)
    return samples


def _touching(dim: Bool[np.ndarray, "H W"], mask: Bool[np.ndarray, "H W"]) -> Bool[np.ndarray, "H W"]:
    """The patches that begin next to the object, as far as shadows reach."""
    if not dim.any():
        return dim
    ys, xs = np.nonzero(mask)
    away = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    near = away <= max(REACH * max(np.ptp(ys), np.ptp(xs)), APART_PX)
    opened = cv2.morphologyEx((dim & near).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(opened)
    touching = set(np.unique(labels[widened(mask, APART_PX) & (opened > 0)])) - {0}
    large = [label for label in touching if stats[label, cv2.CC_STAT_AREA] >= MIN_SHARE * mask.sum()]
    closed = cv2.morphologyEx(np.isin(labels, large).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    return (closed > 0) & ~mask


def _centre(mask: Bool[np.ndarray, "H W"]) -> Float[np.ndarray, " 2"]:
    """The centre (x, y) of a mask; the origin if it is empty."""
    ys, xs = np.nonzero(mask)
    return np.array((xs.mean(), ys.mean())) if len(xs) else np.zeros(2)


def _shifted(mask: Bool[np.ndarray, "H W"], shift: Float[np.ndarray, " 2"]) -> Bool[np.ndarray, "H W"]:
    move = np.array([[1, 0, shift[0]], [0, 1, shift[1]]])
    return cv2.warpAffine(mask.astype(np.uint8), move, mask.shape[::-1], flags=cv2.INTER_NEAREST) > 0
