"""Slow gradients that were rounded become smooth again; nothing else changes much."""

import numpy as np

from master_thesis.ops.banding import without_bands

SIZE = (60, 90)


def framed(truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A picture that is rounded inside a hole, and the hole."""
    hole = np.zeros(SIZE, bool)
    hole[10:50, 15:75] = True
    return np.where(hole[..., None], np.rint(truth), truth).astype(np.float32), hole


def test_a_gradient_that_was_rounded_is_smooth_again() -> None:
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    truth = np.stack([100 + 0.05 * x, 80 + 0.04 * y, 60 + 0.03 * x + 0.02 * y], axis=-1)
    picture, hole = framed(truth)
    found = without_bands(picture, hole)
    errors = [np.sqrt(np.square(each - truth)[hole].mean()) for each in (picture, found)]
    assert errors[0] > 0.25
    assert errors[1] < 0.1
    steps = [np.abs(np.diff(each[30, 20:70], axis=0)).max() for each in (picture, found)]
    assert steps[0] == 1
    assert steps[1] < 0.2
    assert (found[~hole] == picture[~hole]).all()


def test_textures_stay() -> None:
    truth = np.random.default_rng(0).uniform(40, 200, (*SIZE, 3))
    picture, hole = framed(truth)
    assert np.abs(without_bands(picture, hole) - picture).max() <= 0.5
