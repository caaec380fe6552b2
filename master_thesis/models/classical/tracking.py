"""The global motion between neighbouring frames, from corners that are tracked: several times faster than features.

Convention:
    As in :mod:`master_thesis.models.classical.homography`.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from master_thesis.models.classical.homography import BORDER_PX, THRESHOLD_PX, fit_homography, global_motion, through
from master_thesis.models.classical.shift import likeliest_shift
from master_thesis.models.classical.views import Grey

MAX_CORNERS = 600
MIN_QUALITY = 0.005
"""Of a corner, as a share of that of the best one."""
MIN_DISTANCE_PX = 7
WINDOW_PX = (15, 15)
NUM_LEVELS = 4
ENOUGH = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 10, 0.03)
"""Steps of a comparison at each level, and px below which one is the last."""
MAX_RETURN_PX = 1.0
"""Largest distance between a corner and where it is tracked back to."""
LEAST_AGREEMENT = 1 / 3
"""Share of the corners below which they are tracked from the likeliest shift as well."""
LEAST_GAIN = 1.5
"""So many times more corners must agree on a motion from there; where several motions are right, about as many do."""
NUM_LEVELS_FROM_SHIFT = 2
"""Halvings that correct a shift; fewer let less of holes and of what moves before the scene into a comparison."""

Points: TypeAlias = Float[np.ndarray, "N 2"]


class Agreement(NamedTuple):
    """A motion, None where there is none, and the number of corners that agree on it."""

    motion: Float[np.ndarray, "3 3"] | None
    num_corners: int

    @staticmethod
    def of(corners: Points, target: Grey, ref: Grey, shift: Float[np.ndarray, " 2"] | None = None) -> Agreement:
        """Tracks corners and finds the motion that most of them agree on (arguments: see :func:`track_corners`)."""
        here, there = track_corners(corners, target, ref, shift)
        motion = fit_homography(here, there, target.size)
        if motion is None:
            return Agreement(None, 0)
        away = np.linalg.norm(through(motion, here) - there, axis=1)
        return Agreement(motion, int((away < THRESHOLD_PX).sum()))


def tracked_motion(
    target: UInt8[np.ndarray, "H W"],
    known_target: Bool[np.ndarray, "H W"],
    ref: UInt8[np.ndarray, "H W"],
    known_ref: Bool[np.ndarray, "H W"],
) -> Float[np.ndarray, "3 3"]:
    """The motion of a neighbouring frame against the target; never fails, like :func:`global_motion`.

    A fast pan blurs corners and leads most of them out of reach, above all where a hole fills much of the frames: then
    they are tracked from where the likeliest shift leads, too.
    """
    pictures = Grey(target, known_target), Grey(ref, known_ref)
    corners = find_corners(pictures[0])
    found = Agreement.of(corners, *pictures)
    if found.num_corners < LEAST_AGREEMENT * len(corners):
        shift = likeliest_shift(target, known_target, ref, known_ref)
        shifted = Agreement.of(corners, *pictures, shift)
        found = shifted if shifted.num_corners > LEAST_GAIN * found.num_corners else found
    return global_motion(target, known_target, ref, known_ref) if found.motion is None else found.motion


def find_corners(picture: Grey) -> Points:
    """Positions (x, y) in px of corners outside the holes."""
    allowed = cv2.erode(picture.known * np.uint8(255), np.ones((BORDER_PX, BORDER_PX), np.uint8))
    corners = cv2.goodFeaturesToTrack(picture.grey, MAX_CORNERS, MIN_QUALITY, MIN_DISTANCE_PX, mask=allowed)
    return np.zeros((0, 2), np.float32) if corners is None else corners.reshape(-1, 2)


def track_corners(
    corners: Points, target: Grey, ref: Grey, shift: Float[np.ndarray, " 2"] | None = None
) -> tuple[Float[np.ndarray, "K 2"], Float[np.ndarray, "K 2"]]:
    """Positions in px of the corners that are found in the reference outside its holes, and where they are there.

    Args:
        corners: of the target.
        target: a picture.
        ref: the other one.
        shift: where they are looked for; None: in the same place, and further around it.
    """
    if not len(corners):
        return corners, corners
    start, num_levels = (np.zeros(2), NUM_LEVELS) if shift is None else (shift, NUM_LEVELS_FROM_SHIFT)
    there, is_found = _track(target.grey, ref.grey, corners, corners + start, num_levels)
    back, is_back = _track(ref.grey, target.grey, there, there - start, num_levels)
    height, width = target.size
    inside = np.rint(there).astype(int).clip(0, (width - 1, height - 1))
    is_kept = is_found & is_back & ref.known[inside[:, 1], inside[:, 0]]
    is_kept &= (np.abs(there - inside).max(axis=1) < 1) & (np.linalg.norm(back - corners, axis=1) < MAX_RETURN_PX)
    return corners[is_kept], there[is_kept]


def _track(
    first: np.ndarray, second: np.ndarray, points: Points, starts: Points, num_levels: int
) -> tuple[Points, Bool[np.ndarray, " N"]]:
    """Where points of one picture are in another one, and whether they were found."""
    there, status, _ = cv2.calcOpticalFlowPyrLK(
        first,
        second,
        points,
        starts.astype(np.float32),
        winSize=WINDOW_PX,
        maxLevel=num_levels,
        criteria=ENOUGH,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )
    return np.asarray(there), np.asarray(status).ravel() > 0
