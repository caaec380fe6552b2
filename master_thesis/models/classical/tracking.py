"""The global motion between neighbouring frames, from corners that are tracked: several times faster than features.

Convention:
    As in :mod:`master_thesis.models.classical.homography`.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from master_thesis.models.classical.homography import BORDER_PX, fit_homography, global_motion

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
MIN_TRACKED = 30
"""With fewer tracked corners features are searched instead, as after a jump."""


def tracked_motion(
    target: UInt8[np.ndarray, "H W"],
    known_target: Bool[np.ndarray, "H W"],
    ref: UInt8[np.ndarray, "H W"],
    known_ref: Bool[np.ndarray, "H W"],
) -> Float[np.ndarray, "3 3"]:
    """The motion of a neighbouring frame against the target; never fails, like :func:`global_motion`."""
    points_target, points_ref = track_corners(target, known_target, ref, known_ref)
    found = fit_homography(points_target, points_ref, target.shape) if len(points_target) >= MIN_TRACKED else None
    return global_motion(target, known_target, ref, known_ref) if found is None else found


def track_corners(
    target: UInt8[np.ndarray, "H W"],
    known_target: Bool[np.ndarray, "H W"],
    ref: UInt8[np.ndarray, "H W"],
    known_ref: Bool[np.ndarray, "H W"],
) -> tuple[Float[np.ndarray, "N 2"], Float[np.ndarray, "N 2"]]:
    """Positions (x, y) in px of corners of the target outside its holes, and where they are in the reference."""
    allowed = cv2.erode(known_target * np.uint8(255), np.ones((BORDER_PX, BORDER_PX), np.uint8))
    corners = cv2.goodFeaturesToTrack(target, MAX_CORNERS, MIN_QUALITY, MIN_DISTANCE_PX, mask=allowed)
    if corners is None:
        return np.zeros((0, 2), np.float32), np.zeros((0, 2), np.float32)
    there, is_found = _track(target, ref, corners)
    back, is_back = _track(ref, target, there)
    corners, there, back = (points.reshape(-1, 2) for points in (corners, there, back))
    height, width = target.shape
    inside = np.rint(there).astype(int).clip(0, (width - 1, height - 1))
    is_kept = is_found & is_back & known_ref[inside[:, 1], inside[:, 0]]
    is_kept &= (np.abs(there - inside).max(axis=1) < 1) & (np.linalg.norm(back - corners, axis=1) < MAX_RETURN_PX)
    return corners[is_kept], there[is_kept]


def _track(first: np.ndarray, second: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where points of one picture are in another one, and whether they were found."""
    start = np.zeros_like(points)
    there, status, _ = cv2.calcOpticalFlowPyrLK(
        first, second, points, start, winSize=WINDOW_PX, maxLevel=NUM_LEVELS, criteria=ENOUGH
    )
    return np.asarray(there), np.asarray(status).ravel() > 0
