"""The motion between neighbouring frames is precise, also inside holes, and leads back."""

from itertools import pairwise

import cv2
import numpy as np
import pytest

from master_thesis.models.classical import exposure
from master_thesis.models.classical.homography import scaled, through
from master_thesis.models.classical.neighbours import NeighbourMotion
from master_thesis.models.classical.views import View, repeats

SIZE = (120, 160)


@pytest.fixture
def scene():
    noise = np.random.default_rng(0).integers(0, 256, (220, 260, 3)).astype(np.uint8)
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 2.0), None, 20, 235, cv2.NORM_MINMAX)


def views(scene, motion):
    """A frame and the next one, in which everything has moved, with a hole in both."""
    first = scene[40 : 40 + SIZE[0], 40 : 40 + SIZE[1]]
    shift = np.array([[1, 0, 40], [0, 1, 40], [0, 0, 1.0]])
    second = cv2.warpPerspective(
        scene, shift @ np.linalg.inv(motion), SIZE[::-1], flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    )
    hole = np.zeros(SIZE, bool)
    hole[45:75, 60:100] = True
    return [View.of(np.where(hole[..., None], 124, image).astype(np.uint8), hole) for image in (first, second)]


def test_a_moving_camera_is_followed_through_the_hole_and_back(scene) -> None:
    motion = np.array([[1.01, 0.008, 3.3], [-0.006, 0.995, -1.7], [2e-5, -1e-5, 1.0]])
    found = NeighbourMotion.between(*views(scene, motion))
    points = np.array([[70, 50], [80, 60], [95, 70], [20.5, 100.25]], np.float32)
    expected = through(motion, points)
    assert np.abs(found.forwards(points) - expected).max() < 0.1
    assert np.abs(found.backwards(expected) - points).max() < 0.1


def test_a_near_surface_that_moves_more_than_the_camera_is_followed_behind_the_hole(scene) -> None:
    """The lower half moves by 3 px more than the rest: the flow around the hole says so."""
    first, second = views(scene, np.array([[1, 0, 2.0], [0, 1, 0], [0, 0, 1]]))
    lower, hole = np.s_[60:, :], ~second.picture.known
    image = second.image.copy()
    image[lower] = np.where(hole[lower][..., None], 124, np.roll(image, 3, axis=1)[lower])
    found = NeighbourMotion.between(first, View.of(image, hole))
    points = np.array([[80, 71], [80, 73]], np.float32)
    assert np.abs(found.forwards(points) - points - (5, 0)).max() < 0.7


@pytest.mark.parametrize("pan_px", [40, 60, 90])
@pytest.mark.parametrize("seed", range(2))
def test_a_fast_pan_over_soft_things_is_followed_behind_a_hole_of_half_a_frame(pan_px: int, seed: int) -> None:
    """Little is left that both frames show, and the hole is the most prominent thing that does not move."""
    h, w = size = (240, 320)
    noise = np.random.default_rng(seed).integers(0, 256, (h + 60, w + 140, 3)).astype(np.uint8)
    scene = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 8.0), None, 20, 235, cv2.NORM_MINMAX)
    hole, ahead = np.zeros(size, bool), np.array([[1, 0, 120], [0, 1, 30], [0, 0, 1.0]])
    hole[35:205, 47:273] = True
    motion = np.array([[1, -0.01, pan_px], [0.01, 1, -8], [1e-5, 0, 1]])
    maps, flags = (ahead, ahead @ np.linalg.inv(motion)), cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    frames = (cv2.warpPerspective(scene, each, size[::-1], flags=flags) for each in maps)
    views = (View.of(np.where(hole[..., None], np.uint8(124), frame), hole) for frame in frames)
    found = NeighbourMotion.between(*views)
    points = np.array([[50, 40], [160, 120], [270, 200]], np.float32)
    expected = through(motion, points)
    assert np.abs(found.forwards(points) - expected).max() < 0.2
    assert np.abs(found.backwards(expected) - points).max() < 0.2


def test_scaling_keeps_the_motion() -> None:
    motion = np.array([[1.01, 0.02, 3.0], [0, 0.99, 1.0], [1e-5, 0, 1.0]])
    half = scaled(motion, (0.5, 0.5))
    points = np.array([[20.0, 30], [100, 80]], np.float32)
    moved = through(half, (points + 0.5) / 2 - 0.5)
    np.testing.assert_allclose((moved + 0.5) * 2 - 0.5, through(motion, points), atol=1e-3)


@pytest.mark.parametrize("seed", range(3))
def test_a_camera_that_stands_still_does_not_drift(scene, seed: int) -> None:
    """Noise would move it by hundredths of a pixel, and a chain of frames by pixels."""
    rng, hole = np.random.default_rng(seed), np.zeros(SIZE, bool)
    hole[45:75, 60:100] = True
    still = scene[: SIZE[0], : SIZE[1]]
    frames = [(still + rng.normal(0, 3, still.shape)).clip(0, 255).astype(np.uint8) for _ in range(2)]
    camera = NeighbourMotion.between(*(View.of(frame, hole) for frame in frames)).camera
    assert (camera == np.eye(3)).all()


def test_frames_of_which_nothing_is_known_repeat_nothing(scene) -> None:
    blank = View.of(scene[:60, :80], np.ones((60, 80), bool))
    assert not repeats(blank, blank)


def test_contrast_does_not_fade_along_a_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a frame lies between the pixels of its neighbour, comparing them softens one of them."""
    monkeypatch.setattr(exposure, "LEAST_CHANGE", 0)  # every gain counts
    size, hole, num_times = (240, 320), np.zeros((240, 320), bool), 4
    hole[90:150, 120:200] = True
    noise = np.random.default_rng(0).normal(128, 900, (4 * 240, 4 * 360)).astype(np.float32)
    larger = cv2.GaussianBlur(noise, (0, 0), 10).clip(0, 255).astype(np.uint8)
    frames = [cv2.merge([larger[:, 6 * t :][:, : 4 * 320]] * 3) for t in range(num_times)]
    views = [View.of(cv2.resize(frame, size[::-1], interpolation=cv2.INTER_AREA), hole) for frame in frames]
    gains = [NeighbourMotion.between(*pair).exposure.gain for pair in pairwise(views)]
    np.testing.assert_allclose(np.prod(gains, axis=0), 1, atol=0.002)
