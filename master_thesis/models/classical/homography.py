"""The global motion between two frames, from features outside the holes: the OpenCV aligner's starting point.

Convention:
    Pictures are grey uint8 arrays ``(H, W)``; ``known`` is True outside the holes. A motion is a homogeneous
    3 x 3 matrix that maps target pixels to reference pixels, (0, 0) being the centre of the top-left one.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

MAX_FEATURES = 1500
RATIO = 0.8
"""Largest ratio of a match's distance to that of the second best (Lowe, 2004)."""
THRESHOLD_PX = 2.0
MIN_INLIERS = 16
"""Fewer matches do not determine eight unknowns reliably."""
BORDER_PX = 9
"""Distance of features from holes: a descriptor that reaches into a hole describes the hole."""
ROBUST_DIFFERENCE = 32.0
"""Grey differences are cut here, so that objects with a motion of their own do not decide."""
MAX_STRETCH = 4.0


def global_motion(
    target: UInt8[np.ndarray, "H W"],
    known_target: Bool[np.ndarray, "H W"],
    ref: UInt8[np.ndarray, "H W"],
    known_ref: Bool[np.ndarray, "H W"],
) -> Float[np.ndarray, "3 3"]:
    """The motion of a reference against the target; never fails, at worst it is the identity.

    A homography when enough features agree on one. Otherwise whichever of similarity, translation and identity
    explains the known pixels best.
    """
    points_target, points_ref = match_features(target, known_target, ref, known_ref)
    homography = fit_homography(points_target, points_ref, target.shape)
    if homography is not None:
        return homography
    candidates = [np.eye(3), _fit_shift(target, known_target, ref, known_ref)]
    similarity = _fit_similarity(points_target, points_ref, target.shape)
    candidates += [similarity] if similarity is not None else []
    return min(candidates, key=lambda motion: photometric_error(motion, target, known_target, ref, known_ref))


def unless_still(
    motion: Float[np.ndarray, "3 3"],
    target: UInt8[np.ndarray, "H W"],
    known_target: Bool[np.ndarray, "H W"],
    ref: UInt8[np.ndarray, "H W"],
    known_ref: Bool[np.ndarray, "H W"],
) -> Float[np.ndarray, "3 3"]:
    """A measured motion, or the identity where that explains the known pixels at least as well.

    Measurements err by hundredths of a pixel, and by more where things move before plain walls: chained over the frames
    of a camera that stands still, they would drift.
    """
    still, moved = still_and_moved_error(motion, target, known_target, ref, known_ref)
    return np.eye(3) if still <= moved else motion


def still_and_moved_error(
    motion: Float[np.ndarray, "3 3"],
    target: UInt8[np.ndarray, "H W"],
    known_target: Bool[np.ndarray, "H W"],
    ref: UInt8[np.ndarray, "H W"],
    known_ref: Bool[np.ndarray, "H W"],
) -> tuple[float, float]:
    """Sums of differences to the reference as it is and as moved, each cut at ``ROBUST_DIFFERENCE``."""
    seen = warp_homography(known_ref.astype(np.uint8), motion, cv2.INTER_NEAREST) > 0
    both = known_target & known_ref & seen  # the same pixels for both: a moving camera leaves some of them unseen
    still, moved = sums_of_differences(target, (ref, warp_homography(ref, motion)), both)
    return still, moved


def sums_of_differences(
    target: UInt8[np.ndarray, "H W"], pictures: Iterable[UInt8[np.ndarray, "H W"]], compared: Bool[np.ndarray, "H W"]
) -> list[float]:
    """Sums of grey differences to some pictures, each difference cut at ``ROBUST_DIFFERENCE``."""
    mask, count = compared.view(np.uint8), np.count_nonzero(compared)
    cut = (cv2.threshold(cv2.absdiff(target, p), ROBUST_DIFFERENCE, 0, cv2.THRESH_TRUNC)[1] for p in pictures)
    return [cv2.mean(difference, mask)[0] * count for difference in cut]


def match_features(
    target: UInt8[np.ndarray, "H W"],
    known_target: Bool[np.ndarray, "H W"],
    ref: UInt8[np.ndarray, "H W"],
    known_ref: Bool[np.ndarray, "H W"],
) -> tuple[Float[np.ndarray, "N 2"], Float[np.ndarray, "N 2"]]:
    """Positions (x, y) in px of features found in both pictures, target and reference in the same order."""
    points_target, descriptors_target = find_features(target, known_target)
    points_ref, descriptors_ref = find_features(ref, known_ref)
    if min(len(points_target), len(points_ref)) < 2:
        return np.zeros((0, 2), np.float32), np.zeros((0, 2), np.float32)
    pairs = cv2.BFMatcher(cv2.NORM_L2).knnMatch(descriptors_target, descriptors_ref, k=2)
    matches = [first for first, second in pairs if first.distance < RATIO * second.distance]
    chosen_target = np.array([m.queryIdx for m in matches], dtype=int)
    chosen_ref = np.array([m.trainIdx for m in matches], dtype=int)
    return points_target[chosen_target], points_ref[chosen_ref]


def find_features(
    picture: UInt8[np.ndarray, "H W"], known: Bool[np.ndarray, "H W"]
) -> tuple[Float[np.ndarray, "N 2"], Float[np.ndarray, "N D"]]:
    """SIFT positions (x, y) in px and descriptors outside the holes; cached, as references recur."""
    return _find_features(picture.tobytes(), np.packbits(known).tobytes(), *picture.shape)


def forget_features() -> None:
    """Frees the features of frames that do not recur."""
    _find_features.cache_clear()


@lru_cache(maxsize=128)
def _find_features(picture: bytes, known: bytes, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    grey = np.frombuffer(picture, np.uint8).reshape(height, width)
    seen = np.unpackbits(np.frombuffer(known, np.uint8), count=height * width).reshape(height, width)
    allowed = cv2.erode(seen * np.uint8(255), np.ones((BORDER_PX, BORDER_PX), np.uint8))
    keypoints, descriptors = _sift().detectAndCompute(grey, allowed)
    if not keypoints:
        return np.zeros((0, 2), np.float32), np.zeros((0, 128), np.float32)
    return np.array([k.pt for k in keypoints], np.float32), descriptors


@lru_cache(maxsize=1)
def _sift() -> Any:
    return cv2.SIFT.create(nfeatures=MAX_FEATURES, contrastThreshold=0.02)


def photometric_error(
    motion: Float[np.ndarray, "3 3"],
    target: UInt8[np.ndarray, "H W"],
    known_target: Bool[np.ndarray, "H W"],
    ref: UInt8[np.ndarray, "H W"],
    known_ref: Bool[np.ndarray, "H W"],
) -> float:
    """Mean grey difference, cut at ``ROBUST_DIFFERENCE``; pixels that the motion leaves unseen count as different."""
    moved, seen = (
        warp_homography(ref, motion),
        warp_homography(known_ref.astype(np.uint8), motion, cv2.INTER_NEAREST) > 0,
    )
    difference = np.minimum(cv2.absdiff(target, moved).astype(np.float32), ROBUST_DIFFERENCE)
    difference[~seen] = ROBUST_DIFFERENCE
    return float(difference[known_target].mean()) if known_target.any() else 0.0


def warp_homography(
    picture: np.ndarray, motion: Float[np.ndarray, "3 3"], interpolation: int = cv2.INTER_LINEAR
) -> np.ndarray:
    """Warps a reference onto the target; black outside the reference."""
    height, width = picture.shape[:2]
    return cv2.warpPerspective(picture, motion, (width, height), flags=interpolation | cv2.WARP_INVERSE_MAP)


def fit_homography(
    target: Float[np.ndarray, "N 2"], ref: Float[np.ndarray, "N 2"], size: tuple[int, ...]
) -> Float[np.ndarray, "3 3"] | None:
    """The homography that most matches agree on; None where too few do, or where no camera moves like that."""
    if len(target) < MIN_INLIERS:
        return None
    motion, inliers = cv2.findHomography(target, ref, cv2.USAC_MAGSAC, THRESHOLD_PX, maxIters=2000, confidence=0.999)
    return motion if motion is not None and inliers.sum() >= MIN_INLIERS and _is_plausible(motion, size) else None


def _fit_similarity(target: np.ndarray, ref: np.ndarray, size: tuple[int, ...]) -> np.ndarray | None:
    if len(target) < 3:
        return None
    affine, _ = cv2.estimateAffinePartial2D(target, ref, method=cv2.RANSAC, ransacReprojThreshold=THRESHOLD_PX)
    if affine is None:
        return None
    motion = np.vstack((affine, (0.0, 0.0, 1.0)))
    return motion if _is_plausible(motion, size) else None


def _fit_shift(target: np.ndarray, known_target: np.ndarray, ref: np.ndarray, known_ref: np.ndarray) -> np.ndarray:
    """The translation of all pixels known in both, by phase correlation."""
    known = known_target & known_ref
    if not known.any() or min(known.shape) < 2:
        return np.eye(3)  # nothing to correlate
    first, second = (np.where(known, p, p[known].mean()).astype(np.float64) for p in (target, ref))
    (shift_x, shift_y), _ = cv2.phaseCorrelate(first, second, cv2.createHanningWindow(target.shape[::-1], cv2.CV_64F))
    return np.array([[1.0, 0.0, shift_x], [0.0, 1.0, shift_y], [0.0, 0.0, 1.0]])


def _is_plausible(motion: np.ndarray, size: tuple[int, ...]) -> bool:
    """Whether the frame stays a convex quadrilateral of about its size, as under any camera motion."""
    height, width = size
    corners = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], np.float64)
    if not np.isfinite(motion).all():
        return False
    points = np.c_[corners, np.ones(4)] @ motion.T
    if (points[:, 2] <= 1e-6).any():
        return False
    moved = (points[:, :2] / points[:, 2:]).astype(np.float32)
    area_ratio = cv2.contourArea(moved, oriented=True) / max((width - 1) * (height - 1), 1)
    return bool(cv2.isContourConvex(moved)) and 1 / MAX_STRETCH < area_ratio < MAX_STRETCH


def through(motion: Float[np.ndarray, "3 3"], points: Float[np.ndarray, "N 2"]) -> Float[np.ndarray, "N 2"]:
    """Maps points by a homography."""
    if not len(points):
        return points.astype(np.float32)
    return cv2.perspectiveTransform(points.astype(np.float32)[None], motion)[0]


def scaled(motion: Float[np.ndarray, "3 3"], factors: tuple[float, float]) -> Float[np.ndarray, "3 3"]:
    """The same motion in frames whose height and width are multiplied."""
    fy, fx = factors
    change = np.array([[fx, 0, (fx - 1) / 2], [0, fy, (fy - 1) / 2], [0, 0, 1]])
    result = change @ motion @ np.linalg.inv(change)
    return result / result[2, 2]
