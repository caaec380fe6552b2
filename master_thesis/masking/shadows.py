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
from jaxtyping import Bool, Float, UInt8

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
        seen = list(self._moved(frame, DISTANCES))
        count = np.sum([~np.isnan(each[..., 0]) for each in seen], axis=0)
        is_enough = (count >= MIN_SAMPLES)[..., None]
        if not is_enough.all():
            seen += [np.where(is_enough, np.float32(np.nan), each) for each in self._moved(frame, BETWEEN)]
        if len(seen) < MIN_SAMPLES:
            size = self.mask_at(frame).shape
            return np.zeros((*size, 3), np.float32), np.zeros(size, bool)
        samples = np.sort(np.stack(seen), axis=0)  # unknown ones last
        count = (~np.isnan(samples[..., 0])).sum(axis=0)
        middle = np.maximum((count - 1) // 2, 0)[None, ..., None]
        median = np.take_along_axis(samples, np.broadcast_to(middle, (1, *samples.shape[1:])), axis=0)[0]
        return np.nan_to_num(median), count >= MIN_SAMPLES

    def _moved(self, frame: int, distances: Sequence[int]) -> Iterator[Float[np.ndarray, "H W 3"]]:
        """Other frames as the camera would have seen them now; NaN where the object was."""
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
                picture = warp_homography(self.frame_at(goal), motion).astype(np.float32)
                yield np.where(is_free[..., None], picture, np.float32(np.nan))

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
        light = left.mean(axis=-1)
        is_dim = (light > np.log(DARKEST)) & (light < np.log(BRIGHTEST))
        spread, is_blue = np.ptp(left, axis=-1), (left[..., 0] <= left[..., 1]) & (left[..., 1] <= left[..., 2])
        return is_dim & (spread < np.where(is_blue, MAX_SKY_TINT, MAX_TINT)) & is_known & ~mask


def _touching(dim: Bool[np.ndarray, "H W"], mask: Bool[np.ndarray, "H W"]) -> Bool[np.ndarray, "H W"]:
    """The patches that begin next to the object, as far as shadows reach."""
    if not dim.any():
        return dim
    ys, xs = np.nonzero(mask)
    near = widened(mask, max(round(REACH * max(np.ptp(ys), np.ptp(xs))), APART_PX))
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
