"""Planes of a scene are told apart, and corners followed no further than frames show them."""

import cv2
import numpy as np

from master_thesis.inpainting.comparison import Views
from master_thesis.inpainting.motions import Motions
from master_thesis.inpainting.planes import (
    DISTANCES,
    find_corners,
    fit_planes,
    follow_corners,
    refine_corners,
)
from master_thesis.inpainting.sources import WideHoles
from master_thesis.models.classical.exposure import Exposure
from master_thesis.models.classical.neighbours import NeighbourMotion

SIZE = (90, 120)
RANDOM = np.random.default_rng(0)


def drift():
    """Every frame lies two pixels to the right of the one before."""
    return NeighbourMotion.of_camera(np.array([[1.0, 0, 2], [0, 1, 0], [0, 0, 1]]))


def moved(points, motion):
    return cv2.perspectiveTransform(points[None].astype(np.float64), motion)[0].astype(np.float32)


def test_two_planes_are_found_the_larger_first() -> None:
    points = RANDOM.uniform((0, 0), SIZE[::-1], (300, 2)).astype(np.float32)
    far = np.array([[1.01, 0.01, 3], [-0.01, 1.01, -2], [1e-5, 0, 1]])
    near = np.array([[1.0, 0, 15], [0, 1.0, 6], [0, 0, 1]])
    there = np.concatenate((moved(points[:200], far), moved(points[200:], near)))
    there += RANDOM.normal(0, 0.05, there.shape).astype(np.float32)
    found = fit_planes(points, there, SIZE)
    assert len(found) == 2
    for motion, true in zip(found, (far, near), strict=True):
        assert np.median(np.abs(moved(points, motion) - moved(points, true))) < 0.3


def test_few_points_are_no_plane() -> None:
    points = RANDOM.uniform((0, 0), SIZE[::-1], (10, 2)).astype(np.float32)
    assert fit_planes(points, points + 1, SIZE) == []


def test_corners_are_followed_until_a_hole_or_the_border_hides_them() -> None:
    holes = [np.zeros(SIZE, bool) for _ in range(6)]
    holes[3][:, 60:] = True
    motions = Motions(dict.fromkeys(range(5), drift()), [])
    corners = np.array([[10, 10], [50, 40], [58, 40]], np.float32)  # the last is hidden in frame 3
    sides = {k: pairs for each in follow_corners(corners, 0, holes, motions) for k, pairs in each.items()}
    assert sorted(sides) == [k for k in DISTANCES if k < len(holes)]
    assert len(sides[2][0]) == 3
    assert sides[3][0].tolist() == corners[:2].tolist()
    np.testing.assert_allclose(sides[3][1], corners[:2] + np.float32((6, 0)))


def test_nothing_is_followed_where_no_motion_was_measured() -> None:
    holes = [np.zeros(SIZE, bool) for _ in range(4)]
    corners = np.array([[50.0, 50.0]], np.float32)
    sides = [k for each in follow_corners(corners, 1, holes, Motions({0: drift()}, [])) for k in each]
    assert sides == [0]


def test_corners_lie_outside_the_hole_and_in_pixels_of_the_frame() -> None:
    image = np.full((120, 1728, 3), 90, np.uint8)
    image[40:60, 1200:1240] = 200
    image[40:60, 300:340] = 200
    hole = np.zeros(image.shape[:2], bool)
    hole[20:80, 250:400] = True
    corners = find_corners(image, hole)
    expected = np.array([(x, y) for x in (1199.5, 1239.5) for y in (39.5, 59.5)])
    assert len(corners) == 4
    for corner in expected:
        assert np.abs(corners - corner).max(axis=1).min() < 3


def textured(shift=(0, 0)):
    """A picture of soft blobs, moved by some px."""
    noise = np.random.default_rng(1).uniform(0, 255, (150, 200)).astype(np.float32)
    soft = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 2.5), None, 20, 230, cv2.NORM_MINMAX)
    return cv2.warpAffine(soft, np.float32([[1, 0, shift[0]], [0, 1, shift[1]]]), (200, 150)).round().astype(np.uint8)


def test_corners_are_corrected_by_what_both_frames_show() -> None:
    here = RANDOM.uniform((30, 30), (160, 110), (60, 2)).astype(np.float32)
    there = here + np.float32((7.4, -3.2))
    drifted = there + RANDOM.normal(0, 0.7, there.shape).astype(np.float32)
    refined = refine_corners(np.stack((here, drifted)), textured(), textured((7.4, -3.2)), (150, 200))
    assert len(refined[0]) > 50
    assert np.abs(refined[1] - refined[0] - (7.4, -3.2)).max() < 0.15


def test_corners_are_corrected_in_pixels_of_the_frame() -> None:
    here = RANDOM.uniform((60, 60), (320, 220), (60, 2)).astype(np.float32)
    drifted = here + np.float32((15, -6))  # twice as large as the pictures, in which 7 and -3 px are true
    refined = refine_corners(np.stack((here, drifted)), textured(), textured((7, -3)), (300, 400))
    assert np.abs(refined[1] - refined[0] - (14, -6)).max() < 0.3


def test_a_change_of_light_moves_no_corner() -> None:
    here = RANDOM.uniform((30, 30), (160, 110), (80, 2)).astype(np.float32)
    frames = [np.dstack([textured()] * 3), np.dstack([cv2.convertScaleAbs(textured(), alpha=0.95)] * 3)]
    exposures = [Exposure.unchanged(), Exposure(np.full(3, 1 / 0.95), np.zeros(3))]
    views = Views(frames, WideHoles([np.zeros((150, 200), bool)] * 2))
    one, other = (views.grey(k, exposures[k], exposures[0]) for k in range(2))
    refined = refine_corners(np.stack((here, here)), one, other, (150, 200))
    assert len(refined[0]) == 80
    assert np.abs(refined[1] - refined[0]).max() < 0.03


def test_corners_stay_where_the_frames_show_something_else() -> None:
    here = RANDOM.uniform((30, 30), (160, 110), (60, 2)).astype(np.float32)
    corners = np.stack((here, here + 1))
    assert refine_corners(corners, textured(), 255 - textured(), (150, 200)) is corners
    assert refine_corners(corners[:, :5], textured(), textured(), (150, 200)).tolist() == corners[:, :5].tolist()
