"""Masks of key frames that are wider than the object are recognized, and only those."""

import numpy as np
import pytest

from master_thesis.masking.generous import generosity, widened

SIZE = (90, 120)


def disc(radius, left=50):
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    return (np.hypot(y - 45, x - left) < radius).astype(np.float32)


@pytest.mark.parametrize("width", [0, 4, 10])
def test_the_width_is_found_that_masks_have_all_around(width):
    found = [disc(20), disc(25, 60)]
    masks = [disc(20 + width), disc(25 + width, 60)]
    assert generosity(masks, found) == width


def test_what_the_network_finds_too_large_is_not_made_smaller():
    assert generosity([disc(20)], [disc(30)]) == 0


def test_errors_of_the_outline_are_no_generosity():
    rough = disc(30)
    rough[::7] = 0
    assert generosity([disc(30.4), rough], [disc(30), disc(30)]) == 0


def test_a_missing_part_is_no_generosity():
    mask = disc(20)
    mask[40:50, 70:115] = 1
    assert generosity([mask], [disc(20)]) == 0


def test_widening_keeps_what_is_unsure_unsure():
    mask = 0.2 * disc(20)
    assert widened(mask, 4).max() == np.float32(0.2)
    assert widened(mask, 4).sum() > mask.sum()
    assert widened(mask, 0) is mask
