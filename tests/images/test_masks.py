import cv2
import numpy as np
import pytest
from skimage import measure

from master_thesis.images.masks import dilate, resize_mask, widen


def test_a_resized_mask_takes_the_nearest_pixel():
    mask = np.random.default_rng(0).random((30, 50)) > 0.5
    rows, columns = ((np.arange(n) + 0.5) / n for n in (12, 20))
    expected = mask[(rows * 30).astype(int)][:, (columns * 50).astype(int)]
    np.testing.assert_array_equal(resize_mask(mask, (12, 20)), expected)


def test_interpolation_by_rounding_down_takes_the_pixel_at_or_before_each_position():
    mask = np.random.default_rng(0).random((30, 50)) > 0.5
    expected = mask[np.arange(12) * 30 // 12][:, np.arange(20) * 50 // 20]
    np.testing.assert_array_equal(resize_mask(mask, (12, 20), cv2.INTER_NEAREST), expected)


def test_a_mask_that_fits_is_returned_as_it_is():
    mask = np.ones((4, 6), bool)
    assert resize_mask(mask, (4, 6)) is mask


def test_dilation_by_a_cross_makes_a_diamond():
    mask = np.zeros((11, 11), bool)
    mask[5, 5] = True
    y, x = np.mgrid[-5:6, -5:6]
    np.testing.assert_array_equal(dilate(mask, (3, 3), 4), np.abs(y) + np.abs(x) <= 4)
    np.testing.assert_array_equal(dilate(mask, (1, 3), 2), (y == 0) & (np.abs(x) <= 2))


@pytest.mark.parametrize(("num_holes", "iterations"), [(1, 0), (0, 4)])
def test_a_mask_with_nothing_to_widen_is_returned_as_it_is(num_holes, iterations):
    mask = np.zeros((5, 5), bool)
    mask[2, :num_holes] = True
    assert dilate(mask, (3, 3), iterations) is mask


@pytest.mark.parametrize("seed", range(20))
def test_widening_reaches_equally_far_in_all_directions_and_fills_specks(seed):
    rng = np.random.default_rng(seed)
    mask = rng.random(rng.integers(1, 60, 2)) > rng.choice([0.9, 0.97, 0.99])
    mask[tuple(rng.integers(mask.shape))] = True
    rows, columns = np.indices(mask.shape)
    away = np.min([np.hypot(rows - y, columns - x) for y, x in np.argwhere(mask)], axis=0)
    for radius_px in (1, 2, 4):
        parts = measure.label(np.pad(away > radius_px, 1, constant_values=True), connectivity=1)
        areas = np.bincount(parts.ravel())
        is_left = (parts > 0) & ((areas[parts] > 4 * radius_px**2) | (parts == parts[0, 0]))
        assert np.array_equal(~widen(mask, radius_px), is_left[1:-1, 1:-1])


def test_a_mask_with_nothing_to_widen_by_is_returned_as_it_is():
    mask = np.eye(9, dtype=bool)
    assert widen(mask, 0) is mask
    assert not widen(np.zeros_like(mask), 4).any()


@pytest.mark.parametrize(("side", "is_filled"), [(8 + 8, True), (8 + 9, False)])
def test_what_is_left_of_gaps_in_holes_is_filled_unless_it_is_large(side, is_filled):
    mask = np.zeros((60, 60), bool)
    mask[5:50, 5:50] = True
    mask[10 : 10 + side, 10 : 10 + side] = False
    mask[47:50, 30:33] = False  # a bay
    assert widen(mask, 4)[18, 18] == is_filled
    assert not widen(mask, 4)[54:, :].any()
    assert not mask[18, 18]
