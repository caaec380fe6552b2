"""Holding back what changes in a fill from one frame to the next, in a pan over a scene of known texture."""

import cv2
import numpy as np
import pytest

from master_thesis.inpainting.motions import Motions
from master_thesis.inpainting.steadying import LARGEST_CHANGE, SHARE, FilledFrame, steadied
from master_thesis.models.classical.exposure import Exposure
from master_thesis.models.classical.neighbours import NeighbourMotion

SIZE, STEP = (96, 128), 7
PLACE = slice(30, 70), slice(40, 80)
MOVED = slice(30, 70), slice(40 - STEP, 80 - STEP)
CHANGE = 20.0


@pytest.fixture(scope="module")
def scene():
    noise = np.random.default_rng(0).integers(0, 256, (SIZE[0], SIZE[1] + STEP, 3)).astype(np.uint8)
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 1.5), None, 0, 255, cv2.NORM_MINMAX).astype(np.float32)


def filled(number, picture, place):
    hole = np.zeros(SIZE, bool)
    hole[place] = True
    return FilledFrame(number, picture.copy(), hole)


def pan(scene):
    """Two frames whose holes show the same part of the scene."""
    return filled(0, scene[:, : SIZE[1]], PLACE), filled(1, scene[:, STEP:], MOVED)


def panned():
    camera = np.array([[1, 0, -STEP], [0, 1, 0], [0, 0, 1]], float)
    return Motions({0: NeighbourMotion.of_camera(camera)}, [Exposure.unchanged()] * 2)


def changed(frame, neighbour, motions):
    """By how much the hole of a frame is changed, as a picture of the hole."""
    before = frame.picture[frame.hole]
    return (steadied(frame, neighbour, motions) - before).reshape(40, 40, 3)


def test_what_stays_the_same_along_the_motion_is_left_alone(scene) -> None:
    first, second = pan(scene)
    for frame, neighbour in ((first, second), (second, first)):
        assert np.abs(changed(frame, neighbour, panned())).max() < 1e-3


def test_a_tone_changes_by_a_part_of_the_way_deep_in_the_hole_and_at_once_at_its_border(scene) -> None:
    first, second = pan(scene)
    second.picture[second.hole] += CHANGE
    held = -changed(second, first, panned())
    np.testing.assert_allclose(held[16:24, 16:24], SHARE * CHANGE, rtol=0.01)
    assert np.abs(held[[0, -1]]).max() < 0.02 * CHANGE
    assert np.abs(held[:, [0, -1]]).max() < 0.02 * CHANGE


def test_fine_texture_is_kept_though_the_neighbour_has_another_one(scene) -> None:
    first, second = pan(scene)
    rng = np.random.default_rng(1)
    for frame in (first, second):
        frame.picture[frame.hole] = 110 + rng.normal(0, 10, (1600, 3))
    own = second.picture[second.hole].reshape(40, 40, 3)
    detail = [cv2.Laplacian(each, cv2.CV_32F).std() for each in (own, own + changed(second, first, panned()))]
    assert detail[1] == pytest.approx(detail[0], rel=0.02)


def test_a_change_of_everything_counts_no_more_than_the_largest_one(scene) -> None:
    first, second = pan(scene)
    first.picture[first.hole], second.picture[second.hole] = 0, 240
    assert np.abs(changed(second, first, panned())).max() == pytest.approx(SHARE * LARGEST_CHANGE, rel=0.01)


def test_what_the_neighbour_shows_is_not_held_back(scene) -> None:
    first, second = pan(scene)
    first = filled(0, first.picture, (PLACE[0], slice(40, 50)))
    first.picture[PLACE[0], 50:80] -= 900
    second.picture[second.hole] += CHANGE
    held = changed(second, first, panned())
    assert 0.5 * CHANGE * SHARE < np.abs(held[:, :10]).max() < CHANGE * SHARE
    assert not held[:, 10:].any()


def test_a_neighbour_tells_nothing_where_the_motion_is_wrong(scene) -> None:
    first, second = pan(scene)
    second.picture[second.hole] += CHANGE
    first.picture[~first.hole] = first.picture[::-1, ::-1][~first.hole]
    assert np.abs(changed(second, first, panned())).max() < 0.1 * SHARE * CHANGE


def test_a_frame_that_repeats_its_neighbour_shows_the_same(scene) -> None:
    first = filled(0, scene[:, : SIZE[1]], PLACE)
    second = filled(1, first.picture, PLACE)
    second.picture[second.hole] = 100
    repeat = Motions({0: NeighbourMotion.of_camera(np.eye(3))}, [Exposure.unchanged()] * 2)
    np.testing.assert_allclose(steadied(second, first, repeat), first.picture[first.hole], atol=1e-3)
