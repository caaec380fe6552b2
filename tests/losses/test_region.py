"""L1 over a region, by hand."""

import pytest
import torch

from master_thesis.losses.region import region_l1


def random(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def test_region_l1_by_hand():
    predicted = torch.tensor([[[[[1.0, 0.0]]], [[[0.5, 0.0]]], [[[0.0, 9.0]]]]]).view(1, 3, 1, 1, 2)
    region = torch.tensor([1.0, 0.0]).view(1, 1, 1, 1, 2)
    # Three channels of one pixel: 1 + 0.5 + 0, over one pixel.
    assert region_l1(predicted, torch.zeros_like(predicted), region) == pytest.approx(1.5)


def test_an_empty_region_costs_nothing_and_gives_no_nan():
    predicted = random(1, 3, 1, 4, 4).requires_grad_()
    loss = region_l1(predicted, random(1, 3, 1, 4, 4, seed=1), torch.zeros(1, 1, 1, 4, 4))
    loss.backward()
    assert loss == 0
    assert torch.equal(predicted.grad, torch.zeros_like(predicted))
