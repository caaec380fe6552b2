"""The motion of the planes of a scene between one frame and others, some of them far away.

A chain of steps between neighbours adds up their errors, and a flow that is continued into a hole mixes foreground and
background. So corners around the hole are followed to the other frame, and the homographies that most of them agree
on are fitted to the entire way: one per plane, the largest first. Before that, each corner is searched for once more
where it was followed to.

Source: Granados et al., Background Inpainting for Videos with Dynamic Objects and a Free-moving Camera, 2012.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from master_thesis.images.reducing import reduce_hole, reduce_image, size_within
from master_thesis.inpainting.motions import Hole, Motions
from master_thesis.models.classical.homography import BORDER_PX, MIN_INLIERS, THRESHOLD_PX, fit_homography
from master_thesis.models.classical.views import VIEW_SIDE_PX
from master_thesis.ops.pixels import is_shown

DISTANCES = (1, 2, 3, 4, 6, 8, 11, 15, 20, 27, 36, 48, 64, 85)
"""Distances, in frames, at which frames are copied from along planes."""
MAX_CORRECTION_PX, MAX_DIFFERENCE, WINDOW_PX = 4.0, 12.0, 11
"""A corner is searched for once more around the place it was followed to, in reduced frames. What is found further
away, or differs by more grey levels in a window of this width, is another place."""
ENOUGH = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 10, 0.03)
"""That search ends after 10 steps, or with one of less than 0.03 px: twice as fast as 30 steps to 0.01 px from half the
size on, and 0.002 px apart on the median."""
NUM_PLANES = 2
NUM_CORNERS, NUM_FITTED = 600, 400
"""Corners that are followed, and how many of those that are left motions are fitted to, the best first."""
LEAST_REFINED = 3
"""Distance, in frames, from which corners are compared: one or two steps add up to no error."""
MIN_QUALITY = 0.003
MIN_DISTANCE_PX = 7
MAX_RETURN_PX = 0.7
"""Largest distance between a corner and where a step and its inverse lead, in px of the frame."""

Motion = Float[np.ndarray, "3 3"]


def find_corners(image: UInt8[np.ndarray, "H W 3"], hole: Bool[np.ndarray, "H W"]) -> Float[np.ndarray, "N 2"]:
    """Corners of a frame outside its hole, in px of the frame."""
    (height, width), size = hole.shape, size_within(hole.shape, VIEW_SIDE_PX)
    grey = cv2.cvtColor(reduce_image(image, size), cv2.COLOR_RGB2GRAY)
    allowed = cv2.erode((~reduce_hole(hole, size)).astype(np.uint8) * 255, np.ones((BORDER_PX,) * 2, np.uint8))
    corners = cv2.goodFeaturesToTrack(grey, NUM_CORNERS, MIN_QUALITY, MIN_DISTANCE_PX, mask=allowed)
    if corners is None:
        return np.zeros((0, 2), np.float32)
    scale = np.array((width / size[1], height / size[0]), np.float32)
    return (corners.reshape(-1, 2) + 0.5) * scale - 0.5


def follow_corners(
    corners: Float[np.ndarray, "N 2"], t: int, holes: Sequence[Hole], motions: Motions
) -> Iterator[Mapping[int, Float[np.ndarray, "2 M 2"]]]:
    """Follows corners of frame t both ways until holes hide them.

    Yields:
        For each of ``DISTANCES``, the frames at that distance, with the best of the remaining corners in t and in them.
    """
    sides = {1: np.stack((corners, corners)), -1: np.stack((corners, corners))}
    for distance in range(1, DISTANCES[-1] + 1):
        for way in list(sides):
            k = t + way * distance
            if not 0 <= k < len(holes) or min(k, k - way) not in motions.steps:
                del sides[way]
                continue
            here, there = sides[way]
            before = there
            there = motions.between(k - way, k, before)
            back = motions.between(k, k - way, there)
            away_x, away_y = np.abs(back - before).T
            is_left = is_shown(there, holes[k], margin=0.0) & (away_x < MAX_RETURN_PX) & (away_y < MAX_RETURN_PX)
            sides[way] = np.stack((here[is_left], there[is_left]))
        if not sides:
            return
        if distance in DISTANCES:
            yield {t + way * distance: pairs[:, :NUM_FITTED] for way, pairs in sides.items()}


def refine_corners(
    corners: Float[np.ndarray, "2 M 2"],
    one: UInt8[np.ndarray, "h w"],
    other: UInt8[np.ndarray, "h w"],
    size: tuple[int, int],
) -> Float[np.ndarray, "2 K 2"]:
    """Corrects where corners were followed to by comparing both frames, free of what the steps in between err by.

    Args:
        corners: in px of the frames: in the one, and where they were followed to in the other.
        one: the frame, grey, of any size.
        other: the other one, grey, in the light of the one: following takes a change of light for movement.
        size: height and width of the frames.

    Returns:
        Those that were found; all of them, as they were, if too few were.
    """
    if corners.shape[1] < MIN_INLIERS:
        return corners
    scale = np.array((one.shape[1] / size[1], one.shape[0] / size[0]), np.float32)
    here, there = ((corners + 0.5) * scale - 0.5).astype(np.float32)
    window, flags = (WINDOW_PX,) * 2, cv2.OPTFLOW_USE_INITIAL_FLOW
    found, is_found, difference = cv2.calcOpticalFlowPyrLK(
        one, other, here, there.copy(), winSize=window, maxLevel=0, criteria=ENOUGH, flags=flags
    )
    is_near = np.linalg.norm(found - there, axis=1) < MAX_CORRECTION_PX
    is_same = is_near & (is_found[:, 0] > 0) & (difference[:, 0] < MAX_DIFFERENCE)
    if is_same.sum() < MIN_INLIERS:
        return corners
    return np.stack((corners[0][is_same], (found[is_same] + 0.5) / scale - 0.5))


def fit_planes(here: Float[np.ndarray, "N 2"], there: Float[np.ndarray, "N 2"], size: tuple[int, int]) -> list[Motion]:
    """The homographies of the largest planes, from matched points in px; none where too few agree.

    Args:
        here: points of one frame.
        there: the same points in the other frame.
        size: height and width of the frames.
    """
    found: list[Motion] = []
    for _ in range(NUM_PLANES):
        motion = fit_homography(here, there, size)
        if motion is None:
            break
        found.append(motion)
        moved = cv2.perspectiveTransform(here[None].astype(np.float64), motion)[0]
        is_left = np.linalg.norm(moved - there, axis=1) > 2 * THRESHOLD_PX
        here, there = here[is_left], there[is_left]
    return found
