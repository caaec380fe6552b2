import cv2
import numpy as np
import pytest

from master_thesis.models.classical.homography import (
    _is_plausible,
    find_features,
    global_motion,
    match_features,
    photometric_error,
    sums_of_differences,
    unless_still,
    warp_homography,
)
from tests import factories

SIZE = (120, 160)
EVERYTHING = np.ones(SIZE, bool)


@pytest.fixture(scope="module")
def photo():
    return cv2.cvtColor(factories.photo(*SIZE), cv2.COLOR_RGB2GRAY)


MOTION = np.array([[1.03, 0.05, -6.0], [-0.04, 0.98, 5.0], [2e-4, -1e-4, 1.0]])


def corners_apart_px(first, second):
    height, width = SIZE
    corners = np.array([[[0, 0], [width, 0], [width, height], [0, height]]], np.float64)
    places = [cv2.perspectiveTransform(corners, motion) for motion in (first, second)]
    return np.linalg.norm(places[0] - places[1], axis=-1).max()


def test_a_homography_is_recovered(photo):
    moved = warp_homography(photo, MOTION)  # the target: sampling the photo at MOTION
    seen = warp_homography(np.ones(SIZE, np.uint8), MOTION, cv2.INTER_NEAREST) > 0
    assert corners_apart_px(global_motion(moved, seen, photo, EVERYTHING), MOTION) < 1.0


def test_an_image_has_no_motion_against_itself(photo):
    assert corners_apart_px(global_motion(photo, EVERYTHING, photo, EVERYTHING), np.eye(3)) < 0.01


def test_features_keep_their_distance_from_holes(photo):
    known = EVERYTHING.copy()
    known[30:90, 40:120] = False
    points, descriptors = find_features(photo, known)
    assert len(points) == len(descriptors) > 20
    x, y = points.T
    assert not ((x > 38) & (x < 121) & (y > 28) & (y < 91)).any()


def test_holes_have_no_influence(photo):
    known = EVERYTHING.copy()
    known[30:90, 40:120] = False
    spoilt = np.where(known, photo, 0).astype(np.uint8)
    shifted = np.roll(photo, 3, axis=1)
    found = global_motion(spoilt, known, shifted, EVERYTHING)
    assert corners_apart_px(found, np.array([[1, 0, 3.0], [0, 1, 0], [0, 0, 1]])) < 1.0


def smooth_blob(x):
    """A scene without corners: one soft spot."""
    yy, xx = np.mgrid[: SIZE[0], : SIZE[1]]
    return (40 + 150 * np.exp(-((xx - x) ** 2 + (yy - 60) ** 2) / 800)).astype(np.uint8)


def test_without_features_a_translation_is_found_by_correlation():
    target, ref = smooth_blob(80), smooth_blob(92)
    assert len(match_features(target, EVERYTHING, ref, EVERYTHING)[0]) < 16
    motion = global_motion(target, EVERYTHING, ref, EVERYTHING)
    assert motion[0, 2] == pytest.approx(12, abs=2)
    assert photometric_error(motion, target, EVERYTHING, ref, EVERYTHING) < photometric_error(
        np.eye(3), target, EVERYTHING, ref, EVERYTHING
    )


@pytest.mark.parametrize("known", [EVERYTHING, ~EVERYTHING])
@pytest.mark.parametrize("value", [0, 128])
def test_fully_hidden_images_give_the_identity(known, value):
    plain = np.full(SIZE, value, np.uint8)
    assert corners_apart_px(global_motion(plain, known, plain, known), np.eye(3)) < 1e-6


def test_unrelated_images_give_a_plausible_motion(photo):
    noise = np.random.default_rng(0).integers(0, 256, SIZE, dtype=np.uint8)
    motion = global_motion(photo, EVERYTHING, noise, EVERYTHING)
    assert np.isfinite(motion).all()
    assert corners_apart_px(motion, np.eye(3)) < max(SIZE)


@pytest.mark.parametrize(
    ("motion", "is_plausible"),
    [
        (np.eye(3), True),
        (MOTION, True),
        (np.diag([1.5, 1.5, 1.0]), True),
        (np.diag([2.5, 2.5, 1.0]), False),  # more than four times the area
        (np.diag([0.3, 0.3, 1.0]), False),
        (np.diag([-1.0, 1.0, 1.0]), False),  # mirrored
        (np.array([[1, 0, 0], [0, 1, 0], [-0.01, 0, 1.0]]), False),  # the horizon crosses the frame
        (np.array([[1, 0, 0], [0, 1, 0], [-1 / (SIZE[1] - 1), 0, 1.0]]), False),  # the frame ends in the horizon
        (np.full((3, 3), np.nan), False),
    ],
)
def test_mirrored_and_folded_frames_are_implausible(motion, is_plausible):
    assert _is_plausible(motion, SIZE) is is_plausible


def test_an_implausible_motion_is_rejected(photo):
    enlarged = cv2.resize(photo, None, fx=2.3, fy=2.3)[: SIZE[0], : SIZE[1]]
    motion = global_motion(photo, EVERYTHING, enlarged, EVERYTHING)
    assert abs(np.linalg.det(motion[:2, :2])) < 4


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (5, 3)])
def test_tiny_images_work(size):
    picture = np.zeros(size, np.uint8)
    assert np.isfinite(global_motion(picture, picture == 0, picture, picture == 0)).all()


def test_a_slow_scene_of_little_contrast_is_not_taken_for_still() -> None:
    """The camera moves by 6 px: what it leaves unseen must not speak against that."""
    noise = cv2.GaussianBlur(np.random.default_rng(0).normal(128, 20, (60, 90)), (0, 0), 1.5)
    first, second = (np.rint(noise[:, start : start + 80]).astype(np.uint8) for start in (0, 6))
    known, motion = np.ones((60, 80), bool), np.array([[1.0, 0, -6], [0, 1, 0], [0, 0, 1]])
    assert (unless_still(motion, first, known, second, known) == motion).all()
    assert (unless_still(motion, first, known, first, known) == np.eye(3)).all()


def test_differences_are_cut_before_they_are_summed_up():
    rng = np.random.default_rng(0)
    target, *pictures = (rng.integers(0, 256, (20, 30), np.uint8) for _ in range(3))
    compared = rng.random((20, 30)) < 0.7
    expected = [np.minimum(np.abs(target.astype(int) - p), 32)[compared].sum() for p in pictures]
    np.testing.assert_allclose(sums_of_differences(target, pictures, compared), expected, rtol=1e-12)
    assert sums_of_differences(target, pictures, np.zeros_like(compared)) == [0, 0]
