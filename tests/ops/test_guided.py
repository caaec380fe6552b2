"""Values that are continued along regions of similar colour."""

import numpy as np
import pytest
import torch

from master_thesis.ops.guided import (
    COLOUR_SCALE,
    LEAST_WEIGHT,
    MAX_CELLS,
    NUM_STEPS,
    _nearness,
    continue_by_colour,
    spread_by_colour,
)

SIZE = (48, 64)


@pytest.fixture
def hole() -> torch.Tensor:
    hole = torch.zeros(1, 1, *SIZE)
    hole[..., 16:32, 20:44] = 1
    return hole


def two_colours() -> tuple[torch.Tensor, torch.Tensor]:
    """Red on the left, where values are 0, and blue on the right, where they are 1."""
    values = torch.zeros(1, 1, *SIZE)
    values[..., 32:] = 1
    return values, torch.cat((1 - values, torch.zeros_like(values), values), dim=1)


def test_values_follow_the_colours_up_to_their_edge(hole: torch.Tensor) -> None:
    values, guide = two_colours()
    result = continue_by_colour(values * (1 - hole), 1 - hole, guide, hole)
    assert (result - values).abs()[hole > 0].max() < 0.05


def test_what_resembles_nothing_takes_what_is_near(hole: torch.Tensor) -> None:
    values, guide = two_colours()
    guide = torch.where(hole > 0, torch.tensor([0.0, 1.0, 0.0]).view(1, 3, 1, 1), guide)
    result = continue_by_colour(values, 1 - hole, guide, hole)
    assert result[0, 0, 24, 20] < 0.4
    assert result[0, 0, 24, 43] > 0.6


def test_unknown_places_have_no_influence(hole: torch.Tensor) -> None:
    values, guide = two_colours()
    known = (1 - hole) * (values == 0)
    result = continue_by_colour(values, known, guide, hole)
    assert result[hole > 0].max() < 1e-6
    assert continue_by_colour(values, torch.zeros_like(hole), guide, hole).max() == 0


def test_large_frames_are_continued_in_cells() -> None:
    height, width = 300, 401
    assert height * width > MAX_CELLS
    hole = torch.zeros(2, 1, height, width)
    hole[..., 100:200, 150:250] = 1
    values = torch.full_like(hole, 0.25)
    guide = torch.rand(2, 3, height, width, generator=torch.Generator().manual_seed(0))
    result = continue_by_colour(values, 1 - hole, guide, hole)
    assert result.shape == hole.shape
    torch.testing.assert_close(result[hole > 0], values[hole > 0], atol=1e-5, rtol=0)


def test_means_at_places_are_those_that_are_continued_into_a_hole(hole: torch.Tensor) -> None:
    values, guide = two_colours()
    places = (hole[0, 0] > 0).numpy()
    colours = (255 * guide[0]).permute(1, 2, 0).numpy()
    means = spread_by_colour(values[0, 0].numpy(), colours, places, ~places)
    assert np.abs(means - values[0, 0].numpy()[places]).max() < 0.05
    assert not spread_by_colour(values[0, 0].numpy(), colours, places, np.zeros_like(places)).any()


def test_values_spread_from_place_to_place() -> None:
    """A tone that no source has is like a tone that is like that of the sources with 1."""
    levels = np.array([[0, 0, 0, 23, 46, 200, 200, 200]], np.float32)
    colours, values = levels[..., None].repeat(3, axis=-1), (levels < 100).astype(np.float32)
    places = (levels > 0) & (levels < 100)
    assert spread_by_colour(values, colours, places, ~places, reach=1.0).min() > 0.9


def test_means_at_places_are_those_of_plain_distances() -> None:
    rng, shape, reach = np.random.default_rng(4), (9, 11), 0.8
    values, colours = rng.random(shape).astype(np.float32), rng.uniform(90, 130, (*shape, 3)).astype(np.float32)
    places = np.zeros(shape, bool)
    places[3:6, 4:8] = True
    of, at = np.argwhere(~places), np.argwhere(places)
    every, tones = np.concatenate((of, at)), np.concatenate((colours[~places], colours[places])) / 255
    apart = np.linalg.norm(at[:, None] - every, axis=-1) / (reach * np.sqrt(len(at)))
    unlike = np.linalg.norm(tones[len(of) :, None] - tones, axis=-1) / COLOUR_SCALE
    weights = np.exp(-(apart**2) / 2) * (np.exp(-(unlike**2) / 2) + LEAST_WEIGHT)
    known, own = weights[:, : len(of)], weights[:, len(of) :] * (1 - np.eye(len(at)))
    means = known @ values[~places] / known.sum(axis=1)
    for _ in range(NUM_STEPS):
        means = (known @ values[~places] + own @ means) / (known.sum(axis=1) + own.sum(axis=1))
    np.testing.assert_allclose(spread_by_colour(values, colours, places, ~places, reach), means, atol=1e-5)


def test_spreading_is_as_exact_while_networks_run_in_bf16() -> None:
    rng = np.random.default_rng(0)
    places = np.zeros((12, 12), bool)
    places[4:8, 4:8] = True
    values, colours = rng.random((12, 12)).astype(np.float32), rng.uniform(0, 255, (12, 12, 3)).astype(np.float32)
    expected = spread_by_colour(values, colours, places, ~places)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = spread_by_colour(values, colours, places, ~places)
    assert (found == expected).all()


def test_weights_are_no_denormal_numbers() -> None:
    """With which processors are ten times as slow; they would not show in any sum."""
    tones = np.random.default_rng(0).uniform(0, 14, (60, 3)).astype(np.float32)
    (weights,) = _nearness(tones.T[None], 20)
    assert weights.min() >= np.finfo(np.float32).tiny
    apart = ((tones[20:, None] - tones) ** 2).sum(axis=-1)
    assert apart.max() > 200
    np.testing.assert_allclose(weights, np.exp(-apart / 2), rtol=1e-2, atol=1e-30)
