import math

import numpy as np
import pytest

from master_thesis.data.movement import random_movement, random_step

PARAMS = (50, 0.10, 0.20)


def test_steps_stay_within_their_bounds():
    rng = np.random.default_rng(0)
    steps = np.stack([random_step(rng, PARAMS) for _ in range(2000)])
    shift = steps[:, :2, 2]
    assert shift.min() == -50
    assert shift.max() == 49
    assert (shift == shift.round()).all()
    scale = np.linalg.norm(steps[:, :2, :2], axis=1)
    angle = np.arctan2(steps[:, 1, 0], steps[:, 0, 0])
    for drawn, low, high in ((scale, 0.9, 1.1), (angle, -0.2, 0.2)):
        assert low <= drawn.min() < low + 0.01
        assert high - 0.01 < drawn.max() <= high
    assert np.ptp(scale[:, 0] - scale[:, 1]) > 0.1  # every axis has a scale of its own


def test_bounds_of_zero_give_no_movement():
    movement = random_movement(np.random.default_rng(0), 5, (0, 0.0, 0.0), (512, 900))
    np.testing.assert_array_equal(movement, np.tile(np.eye(3), (5, 1, 1)))


def test_a_shift_agrees_with_one_worked_out_by_hand():
    movement = random_movement(np.random.default_rng(0), 2, (50, 0.0, 0.0), (200, 300))
    shift = random_step(np.random.default_rng(0), (50, 0.0, 0.0))[:2, 2]
    expected = np.array([[1, 0, shift[0] / 300], [0, 1, shift[1] / 200], [0, 0, 1]])
    np.testing.assert_allclose(movement, [expected, np.eye(3)], atol=1e-12)
    assert np.abs(shift).min() > 0


@pytest.mark.parametrize("n", [2, 3, 5, 7])
def test_steps_are_chained_outwards_from_the_target(n):
    rng = np.random.default_rng(1)
    movement = random_movement(rng, n, PARAMS, (1, 1))  # unit square and pixels coincide for one pixel
    middle = n // 2
    np.testing.assert_array_equal(movement[middle], np.eye(3))
    steps = [movement[f] @ np.linalg.inv(movement[f - 1]) for f in range(middle + 1, n)]
    steps += [movement[f] @ np.linalg.inv(movement[f + 1]) for f in range(middle)]
    for step in steps:
        assert np.abs(step[:2, 2]).max() <= 50 + 1e-6
        assert abs(math.atan2(step[1, 0], step[0, 0])) <= 0.2 + 1e-6
