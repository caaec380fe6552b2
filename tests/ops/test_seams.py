"""Parts of a picture meet without a step, texture and edges stay, and known pixels do not change."""

import numpy as np
import pytest

from master_thesis.ops import seams
from master_thesis.ops.seams import LARGEST_STEP, _solved, without_seams

SIZE = (61, 75)


@pytest.fixture
def hole() -> np.ndarray:
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    mask = np.hypot(y - 30, x - 36) < 21
    mask[10:16, 50:] = True  # reaches the border of the picture
    return mask


def joined(picture: np.ndarray, hole: np.ndarray, part: np.ndarray | None = None) -> np.ndarray:
    part = np.zeros(SIZE, int) if part is None else part
    return without_seams(picture.astype(np.float32), hole, part, hole)


def solved_densely(pull: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """The same equations, one by one."""
    index = np.full(hole.shape, -1)
    index[hole] = np.arange(hole.sum())
    matrix = np.zeros((hole.sum(),) * 2)
    for y, x in np.argwhere(hole):
        own = index[y, x]
        for dy, dx in ((0, 1), (1, 0), (0, -1), (-1, 0)):
            j, i = y + dy, x + dx
            if 0 <= j < hole.shape[0] and 0 <= i < hole.shape[1]:
                matrix[own, own] += 1
                if hole[j, i]:
                    matrix[own, index[j, i]] -= 1
    return np.linalg.solve(matrix, pull[hole])


def test_the_solver_agrees_with_a_dense_one(hole) -> None:
    small = hole[:32, :40]
    pull = np.random.default_rng(0).normal(size=(32, 40, 3)).astype(np.float32)
    expected = solved_densely(pull, small)
    assert np.abs(_solved(pull, small)[small] - expected).max() < 0.01 * np.abs(expected).max()


def test_a_few_cycles_are_within_a_fraction_of_a_level(monkeypatch) -> None:
    y, x = np.mgrid[:240, :260]
    large = np.hypot(y - 120, x - 130) < 110
    pull = np.zeros((240, 260, 3), np.float32)
    pull[:, 150], pull[:, 151] = -20, 20
    few = _solved(pull, large)
    monkeypatch.setattr(seams, "CYCLES", 25)
    exact = _solved(pull, large)
    around = sum(np.roll(exact, shift, axis) for shift in (1, -1) for axis in (0, 1))
    assert np.abs(4 * exact - around - pull)[large].max() < 1e-3
    error = np.abs(few - exact)[large]
    assert error.max() < 0.1


def test_what_is_known_in_tiny_parts_does_not_make_the_solver_diverge() -> None:
    """At smaller sizes, nothing is known any more: once 1e8 and more, where 1 is right."""
    y, x = np.mgrid[:48, :48]
    sieve = (y % 5 > 0) | (x % 5 > 0)
    pull = np.where(sieve[..., None], 1, 0).repeat(3, -1).astype(np.float32)
    expected = solved_densely(pull, sieve)
    assert np.abs(_solved(pull, sieve)[sieve] - expected).max() < 0.2 * np.abs(expected).max()


@pytest.mark.parametrize("side", [1, 8, 40])
def test_pictures_of_which_nothing_is_known_stay_finite(side) -> None:
    pull = np.random.default_rng(0).normal(size=(side, side, 3)).astype(np.float32)
    assert np.abs(_solved(pull - pull.mean((0, 1)), np.ones((side, side), bool))).max() < 100


def test_small_holes_are_solved_exactly() -> None:
    """Also at the corner of a picture, where what lies outside is as the border."""
    small = np.zeros((12, 14), bool)
    small[:9, :11] = True
    pull = np.random.default_rng(1).normal(size=(12, 14, 3)).astype(np.float32)
    found = np.pad(_solved(pull, small), ((1, 1), (1, 1), (0, 0)), mode="edge")
    around = found[:-2, 1:-1] + found[2:, 1:-1] + found[1:-1, :-2] + found[1:-1, 2:]
    left = pull + around - 4 * found[1:-1, 1:-1]
    assert np.abs(left[small]).max() < 1e-4
    assert (found[1:-1, 1:-1][~small] == 0).all()


def test_what_has_another_tone_takes_that_of_the_ground(hole) -> None:
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    ground = np.repeat((120 + 0.2 * y - 0.1 * x)[..., None], 3, axis=-1)
    for part in (np.zeros(SIZE, int), (x > 36).astype(int)):
        tone = np.where(part > 0, 14, -18)[..., None]
        result = joined(ground + tone * hole[..., None], hole, part)
        assert np.abs(result - ground).max() < 1.5
        assert (result[~hole] == ground[~hole].astype(np.float32)).all()


def test_steps_that_are_usual_in_the_texture_stay(hole) -> None:
    picture = np.random.default_rng(0).uniform(100, 130, (*SIZE, 3))
    assert np.abs(joined(picture, hole) - picture).mean() < 0.4


def test_large_steps_are_edges(hole) -> None:
    picture = np.full((*SIZE, 3), 100.0)
    picture[hole] += LARGEST_STEP + 1
    assert (joined(picture, hole) == picture).all()


def test_steps_elsewhere_stay(hole) -> None:
    picture = np.full((*SIZE, 3), 100.0)
    picture[hole] += 10
    result = without_seams(picture.astype(np.float32), hole, np.zeros(SIZE, int), np.zeros_like(hole))
    assert (result == picture).all()
