"""Exposures are recovered, compose, and are not invented."""

import numpy as np
import pytest

from master_thesis.models.classical.exposure import Exposure


@pytest.fixture
def picture():
    rng = np.random.default_rng(0)
    return rng.integers(40, 180, (12, 16, 3)).repeat(5, axis=0).repeat(5, axis=1).astype(np.uint8)


def test_gain_and_offset_are_recovered_though_something_else_moves(picture) -> None:
    first = np.rint(1.15 * picture + 6).astype(np.uint8)
    first[:10, :20] = 255 - first[:10, :20]  # another object
    found = Exposure.between(first, picture, np.ones(picture.shape[:2]))
    np.testing.assert_allclose(found.gain, 1.15, atol=0.02)
    np.testing.assert_allclose(found.gain * 100 + found.offset, 121, atol=1.0)


def test_small_differences_are_no_change(picture) -> None:
    noisy = (picture + np.random.default_rng(1).integers(-3, 4, picture.shape)).astype(np.uint8)
    found = Exposure.between(noisy, picture, np.ones(picture.shape[:2]))
    assert (found.gain == 1).all()
    assert (found.offset == 0).all()


def test_nothing_is_measured_where_nothing_is_trusted(picture) -> None:
    found = Exposure.between(picture // 2, picture, np.zeros(picture.shape[:2]))
    assert (found.gain == 1).all()


def test_chained_exposures_lead_from_frame_to_frame() -> None:
    colours = np.array([[100.0, 50, 20]])
    step = Exposure(np.array([1.1, 1.0, 0.9]), np.array([1.0, 2.0, 3.0]))  # the next frame, as this one shows it
    second = step.after(step)
    as_next = second.seen_as(step, colours)
    np.testing.assert_allclose(as_next, colours * step.gain + step.offset)
    np.testing.assert_allclose(step.seen_as(second, as_next), colours)


def test_bytes_are_seen_as_other_colours_are() -> None:
    colours = np.random.default_rng(4).integers(0, 256, (1000, 3)).astype(np.uint8)
    step, other = Exposure(np.array([1.1, 0.9, 1.0]), np.array([-3.0, 0.5, 7.0])), Exposure.unchanged()
    np.testing.assert_array_equal(step.seen_as(other, colours), step.seen_as(other, colours.astype(np.float64)))
    np.testing.assert_array_equal(other.seen_as(other, colours), colours)
