"""Corners are tracked outside holes; where they are lost, features take over."""

import cv2
import numpy as np
import pytest

from master_thesis.models.classical import tracking
from master_thesis.models.classical.homography import warp_homography
from master_thesis.models.classical.tracking import find_corners, track_corners, tracked_motion
from master_thesis.models.classical.views import Grey
from tests import factories

SIZE = (120, 160)
EVERYTHING = np.ones(SIZE, bool)
MOTION = np.array([[1.02, 0.02, -3.0], [-0.02, 0.99, 2.0], [1e-4, -5e-5, 1.0]])
POINTS = np.array([[[10, 10], [150, 10], [150, 110], [10, 110.0]]])


@pytest.fixture(scope="module")
def photo():
    return cv2.cvtColor(factories.photo(*SIZE), cv2.COLOR_RGB2GRAY)


def apart_px(first, second):
    places = [cv2.perspectiveTransform(POINTS, motion) for motion in (first, second)]
    return np.linalg.norm(places[0] - places[1], axis=-1).max()


def moved(photo):
    seen = warp_homography(np.ones(SIZE, np.uint8), MOTION, cv2.INTER_NEAREST) > 0
    return warp_homography(photo, MOTION), seen


def test_a_homography_is_recovered(photo, monkeypatch):
    monkeypatch.setattr(tracking, "global_motion", None)  # features are not needed
    target, seen = moved(photo)
    assert apart_px(tracked_motion(target, seen, photo, EVERYTHING), MOTION) < 0.5


def test_corners_lie_outside_the_holes_of_both_frames(photo):
    known_target, known_ref = EVERYTHING.copy(), EVERYTHING.copy()
    known_target[30:60, 40:80] = False
    known_ref[70:100, 60:120] = False
    target, _ = moved(photo)
    pictures = Grey(target, known_target), Grey(photo, known_ref)
    tracked = track_corners(find_corners(pictures[0]), *pictures)
    corners, there = (np.rint(points).astype(int) for points in tracked)
    assert len(corners) == len(there) > 20
    assert known_target[corners[:, 1], corners[:, 0]].all()
    assert known_ref[there[:, 1], there[:, 0]].all()


def test_a_jump_is_left_to_features(photo):
    jump = np.array([[0.6, 0.5, 40.0], [-0.5, 0.6, 55.0], [0, 0, 1]])
    target = warp_homography(photo, jump)
    seen = warp_homography(np.ones(SIZE, np.uint8), jump, cv2.INTER_NEAREST) > 0
    assert apart_px(tracked_motion(target, seen, photo, EVERYTHING), jump) < 2


def test_a_blank_frame_has_no_motion():
    blank = np.full(SIZE, 128, np.uint8)
    assert apart_px(tracked_motion(blank, EVERYTHING, blank, EVERYTHING), np.eye(3)) < 0.01
