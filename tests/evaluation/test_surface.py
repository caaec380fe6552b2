"""Sharpness and seams against calculations by hand and scipy."""

import numpy as np
import pytest
from scipy import ndimage

from master_thesis.evaluation.surface import EROSION_PX, seam, sharpness

SIZE = (24, 30)


def grey(values):
    """One grey frame."""
    return np.repeat(np.asarray(values, np.uint8)[None, ..., None], 3, axis=3)


def box(top, left, height, width):
    mask = np.zeros((1, *SIZE), bool)
    mask[0, top : top + height, left : left + width] = True
    return mask


@pytest.fixture
def noise():
    return np.random.default_rng(0).integers(0, 256, SIZE)


def test_sharpness_is_the_mean_laplacian_in_the_eroded_hole_relative_to_the_truth(noise):
    mask, fill = box(4, 5, 14, 17), noise // 2 + 40
    inside = ndimage.binary_erosion(mask[0], iterations=EROSION_PX)
    details = [np.abs(ndimage.laplace(values.astype(float), mode="nearest"))[inside].mean() for values in (fill, noise)]
    assert sharpness(grey(fill), grey(noise), mask) == pytest.approx([details[0] / details[1]])
    assert sharpness(grey(noise), grey(noise), mask) == pytest.approx([1.0])
    assert sharpness(grey(noise * 0), grey(noise), mask) == pytest.approx([0.0])


def test_what_lies_at_the_border_does_not_count_as_sharp(noise):
    mask, other = box(4, 5, 14, 17), noise.copy()
    far = ndimage.binary_erosion(mask[0], iterations=EROSION_PX - 1)
    other[~far] = 0
    assert sharpness(grey(other), grey(noise), mask) == pytest.approx([1.0])


def test_nothing_is_sharp_where_there_is_nothing_to_compare(noise):
    flat = np.full(SIZE, 90)
    planes = [np.concatenate([grey(noise)] * 3), np.concatenate([grey(noise), grey(noise), grey(flat)])]
    thin, empty, wide = box(4, 5, 2 * EROSION_PX, 17), box(0, 0, 0, 0), box(4, 5, 14, 17)
    assert np.isnan(sharpness(*planes, np.concatenate([thin, empty, wide]))).all()


def test_a_seam_is_the_mean_step_across_the_border_beyond_that_of_the_truth():
    truth, mask = np.full(SIZE, 50), box(3, 4, 2, 5)
    truth[:, 9:] = 80  # an edge along the right side of the hole, which is 2 of its 14 pairs
    fill = np.where(mask[0], 60, truth)
    assert seam(grey(fill), grey(truth), mask) == pytest.approx([(12 * 10 + 2 * 20) / 14 - 2 * 30 / 14])
    assert seam(grey(truth), grey(truth), mask) == pytest.approx([0.0])


def test_the_border_of_the_frame_is_no_seam():
    mask = box(0, 0, 2, 5)
    assert seam(grey(np.where(mask[0], 20, 0)), grey(np.zeros(SIZE)), mask) == pytest.approx([20.0])
    assert np.isnan(seam(grey(np.zeros(SIZE)), grey(np.zeros(SIZE)), ~box(0, 0, 0, 0))).all()


def test_the_border_of_a_part_is_also_that_to_the_rest_of_the_hole():
    part, fill = box(3, 4, 2, 5), np.zeros(SIZE)
    fill[3:5, 9:12] = 40  # the rest of the hole, beside it
    assert seam(grey(fill), grey(np.zeros(SIZE)), part) == pytest.approx([2 * 40 / 14])
