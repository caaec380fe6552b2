"""The coarse colours of holes: a membrane at first, and a better guess than that with the shipped weights."""

import numpy as np
import pytest
import torch

from master_thesis.checkpoints.loading import load_coarse
from master_thesis.models.coarse import SIDE, CoarseColours, coarse_fill, guessed, small_square
from master_thesis.ops.membrane import membrane

HOLE = np.zeros((90, 120), bool)
HOLE[25:65, 40:80] = True


def landscape():
    """A bright sky, and dark ground from row 45 on."""
    sky = np.arange(90)[:, None, None] < 45
    return np.broadcast_to(np.where(sky, (150.0, 180.0, 220.0), (70.0, 80.0, 40.0)), (90, 120, 3)).astype(np.float32)


def test_it_starts_as_a_membrane_and_known_pixels_are_never_corrected():
    torch.manual_seed(0)
    colours, visible = torch.rand(2, 3, SIDE, SIDE), (torch.rand(2, 1, SIDE, SIDE) > 0.3).float()
    network = CoarseColours((8, 16, 16))
    smooth, correction = guessed(network, colours, visible)
    assert torch.equal(correction, torch.zeros_like(correction))
    assert torch.equal(torch.where(visible > 0, smooth, colours), colours)
    torch.nn.init.ones_(network.answer.bias)
    _, correction = guessed(network, colours, visible)
    assert torch.equal(correction != 0, (visible < 1).expand_as(correction))


def test_the_horizon_is_continued_more_sharply_than_by_a_membrane():
    picture = landscape()
    filled = coarse_fill(load_coarse(), np.where(HOLE[..., None], 128, picture).astype(np.float32), HOLE)
    errors = [float(np.abs(fill - picture)[HOLE].mean()) for fill in (filled, membrane(picture, ~HOLE))]
    assert errors[0] < 0.75 * errors[1]
    assert np.abs(filled - picture)[:20].max() < 1


def test_what_a_hole_hides_does_not_matter():
    picture = landscape()
    one, other = (np.where(HOLE[..., None], tone, picture).astype(np.float32) for tone in (0, 255))
    network = load_coarse()
    assert np.allclose(coarse_fill(network, one, HOLE), coarse_fill(network, other, HOLE), atol=1e-3)


@pytest.mark.parametrize("size", [(7, 5), (64, 64), (500, 90)])
def test_surroundings_of_any_size_are_seen_in_one_square(size):
    hole = np.zeros(size, bool)
    hole[2:4, 1:3] = True
    colours, visible = small_square(np.full((*size, 3), 51, np.float32), hole)
    assert colours.shape == (SIDE, SIDE, 3)
    assert visible.shape == (SIDE, SIDE, 1)
    assert np.allclose(colours[visible[..., 0] > 0], 0.2, atol=1e-4)
    assert np.isfinite(coarse_fill(load_coarse(), np.full((*size, 3), 51, np.float32), hole)).all()
