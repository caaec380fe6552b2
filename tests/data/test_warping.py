import cv2
import numpy as np
import pytest

from master_thesis.data import warping


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (24, 40, 3), dtype=np.uint8)


def test_the_identity_view_changes_nothing(image):
    np.testing.assert_array_equal(warping.warp_frame(image, np.eye(3), (24, 40)), image)
    np.testing.assert_array_equal(warping.warp_mask(image[..., 0] > 9, np.eye(3), (24, 40)), image[..., 0] > 9)
    assert warping.resize_frame(image, (24, 40)) is image


def test_a_crop_shows_the_pixels_themselves(image):
    view = warping.crop_view((24, 40), (5, 7), (10, 20))
    np.testing.assert_array_equal(warping.warp_frame(image, view, (10, 20)), image[5:15, 7:27])
    np.testing.assert_array_equal(warping.warp_mask(image[..., 0] > 9, view, (10, 20)), image[5:15, 7:27, 0] > 9)


def test_beyond_their_border_frames_are_mirrored_and_masks_are_empty(image):
    view = np.array([[1, 0, -0.1], [0, 1, 0], [0, 0, 1.0]])  # shows 4 columns to the left of the image
    frame = warping.warp_frame(image, view, (24, 40))
    np.testing.assert_array_equal(frame[:, 4:], image[:, :-4])
    np.testing.assert_array_equal(frame[:, :4], image[:, 4:0:-1])
    assert not warping.warp_mask(np.ones((24, 40), bool), view, (24, 40))[:, :4].any()


@pytest.mark.parametrize("size", [(24, 40), (12, 20), (6, 40), (24, 10)])
def test_shrinking_by_a_power_of_two_takes_the_mean(image, size):
    down = 24 // size[0], 40 // size[1]
    mean = image.reshape(size[0], down[0], size[1], down[1], 3).mean(axis=(1, 3))
    assert np.abs(warping.resize_frame(image, size) - mean).max() <= 1.5  # each halving rounds once


def test_shrinking_does_not_alias():
    stripes = np.zeros((96, 96, 3), np.uint8)
    stripes[:, ::2] = 255
    assert np.abs(warping.resize_frame(stripes, (32, 30))[:, 1:-1].astype(int) - 128).max() <= 2


def test_warping_agrees_with_bilinear_sampling_by_hand(image):
    smooth = cv2.GaussianBlur(image, (0, 0), 3)
    view = np.array([[0.8, 0.1, 0.05], [-0.05, 0.7, 0.2], [0, 0, 1.0]])
    warped = warping.warp_frame(smooth, view, (9, 13)).astype(float)
    for i, j in ((0, 0), (4, 6), (8, 12)):
        u, v, _ = view @ ((j + 0.5) / 13, (i + 0.5) / 9, 1)
        x, y = u * 40 - 0.5, v * 24 - 0.5
        x0, y0 = int(x), int(y)
        a, b = x - x0, y - y0
        patch = smooth[y0 : y0 + 2, x0 : x0 + 2].astype(float)
        top, bottom = ((1 - a) * row[0] + a * row[1] for row in patch)
        np.testing.assert_allclose(warped[i, j], (1 - b) * top + b * bottom, atol=1.5)
