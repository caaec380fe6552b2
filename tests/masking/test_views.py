"""Objects are seen in parts of frames that hold them with a margin, small ones at a larger scale."""

import numpy as np
import pytest

from master_thesis.masking.carrying import load_carrier
from master_thesis.masking.views import PIXELS, ViewFinder, window_around
from master_thesis.models.carrier import STRIDE, Memory
from stress.videos import panorama

SIZE = (360, 640)


def square(top, left, side):
    mask = np.zeros(SIZE, np.float32)
    mask[top : top + side, left : left + side] = 1
    return mask


def test_windows_hold_the_mask_with_a_margin():
    mask = square(150, 300, 30) > 0.5
    assert window_around(mask) == (slice(150 - 72, 180 + 72), slice(300 - 72, 330 + 72))
    mask[359, 639] = True
    assert window_around(mask) == (slice(150 - 105, 360), slice(300 - 170, 640))
    assert window_around(np.zeros(SIZE, bool)) == (slice(0, 360), slice(0, 640))


def test_the_largest_mask_chooses_the_scale():
    small, large = square(100, 100, 30), square(0, 0, 300)
    assert ViewFinder.for_masks(load_carrier(), [small]).scale == 1
    assert ViewFinder.for_masks(load_carrier(), [small, large]).scale == pytest.approx(0.8)
    assert ViewFinder.for_masks(load_carrier(), [np.zeros(SIZE, np.float32)]).scale == 1


@pytest.mark.parametrize("window", [(slice(0, 360), slice(0, 640)), (slice(3, 40), slice(600, 640))])
def test_views_fit_the_network_and_are_not_too_large(window):
    view = ViewFinder(load_carrier(), 1.0).view(panorama(*SIZE), window)
    assert all(side % STRIDE == 0 for side in view.size)
    assert view.size[0] * view.size[1] <= 1.7 * PIXELS


def test_what_is_found_lies_in_the_view_alone():
    finder, mask = ViewFinder(load_carrier(), 0.5), square(150, 300, 40)
    view = finder.view(panorama(*SIZE), window_around(mask > 0.5))
    memory = finder.remember(view, mask)
    assert isinstance(memory, Memory)
    found = finder.find(view, memory, mask)
    outside = np.ones(SIZE, bool)
    outside[view.window] = False
    assert not found[outside].any()
    assert found[160:180, 310:330].mean() > 0.5
