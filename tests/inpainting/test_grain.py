"""Copies that lost their grain get that of the frame; others stay as they are."""

import cv2
import numpy as np
import pytest

from master_thesis.inpainting.grain import grain_of, with_grain

SIZE = (120, 160)


@pytest.fixture
def hole():
    mask = np.zeros(SIZE, bool)
    mask[30:90, 40:120] = True
    return mask


def picture(sigma, seed=0):
    """Slopes and an edge, with noise of another strength in each channel."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    scene = np.repeat((60 + x / 2 + y / 3 + 40 * (x > 70))[..., None], 3, axis=-1)
    return scene, scene + np.random.default_rng(seed).normal(0, 1, scene.shape) * np.array([1, 0.5, 2]) * sigma


@pytest.mark.parametrize("sigma", [1.5, 3.0])
def test_noise_is_measured_beside_edges_and_slopes(hole, sigma) -> None:
    _, noisy = picture(sigma)
    np.testing.assert_allclose(grain_of(noisy, ~hole), np.array([1, 0.5, 2]) * sigma, rtol=0.15)


def test_texture_that_leaves_flat_places_is_no_noise(hole) -> None:
    scene, _ = picture(0)
    scene[:, ::2] += 30 * (np.arange(SIZE[0]) < 60)[:, None, None]
    assert grain_of(scene, ~hole).max() < 0.5


def test_a_copy_that_was_averaged_gets_its_grain_back(hole) -> None:
    scene, noisy = picture(2.5)
    smooth = np.where(hole[..., None], scene, noisy)
    result = with_grain(smooth, ~hole, hole, seed=3)
    assert (result[~hole] == smooth[~hole]).all()
    np.testing.assert_allclose(grain_of(result, hole), grain_of(noisy, ~hole), rtol=0.2)
    assert abs((result - scene)[hole].mean()) < 0.1
    assert (result == with_grain(smooth, ~hole, hole, seed=3)).all()
    assert (result != with_grain(smooth, ~hole, hole, seed=4))[hole].any()


def test_grain_stays_where_it_is_in_a_larger_part_of_the_frame(hole) -> None:
    scene, noisy = picture(2.5)
    smooth = np.where(hole[..., None], scene, noisy)
    part = np.s_[8:, 16:]
    whole, cut = (
        with_grain(smooth[place], ~hole[place], hole[place], 3, corner) - smooth[place]
        for place, corner in ((np.s_[:, :], (0, 0)), (part, (16, 8)))
    )
    both = whole[part][hole[part]].ravel(), cut[hole[part]].ravel()
    assert np.corrcoef(*both)[0, 1] > 0.99


def test_a_copy_with_grain_of_its_own_or_sharper_stays_as_it_is(hole) -> None:
    noisy, other = picture(2.5)[1], picture(4.0, seed=1)[1]
    for copy in (noisy, other):
        mixed = np.where(hole[..., None], copy, noisy)
        assert with_grain(mixed, ~hole, hole, seed=0) is mixed


def test_the_smallest_parts_are_left_alone(hole) -> None:
    small = cv2.erode(hole.astype(np.uint8), np.ones((51, 51), np.uint8)) > 0
    scene, noisy = picture(2.5)
    mixed = np.where(small[..., None], scene, noisy)
    assert with_grain(mixed, ~small, small, seed=0) is mixed
