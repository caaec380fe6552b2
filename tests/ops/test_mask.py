"""Arithmetic of holes, by hand."""

import torch

from master_thesis.ops.mask import copyable_map, hole_percent


def test_copyable_means_hidden_here_and_visible_there():
    visible = torch.tensor([[0.0, 0.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]]).view(1, 1, 2, 1, 4)
    here = torch.tensor([1.0, 0.0, 1.0, 0.0]).view(1, 1, 1, 4)
    expected = torch.tensor([[0.0, 0.0, 0.0, 1.0], [0.0, 1.0, 0.0, 1.0]]).view(1, 1, 2, 1, 4)
    assert torch.equal(copyable_map(visible, here), expected)


def test_every_whole_percentage_is_exact():
    """Otherwise a hole of exactly the tolerance would count as more."""
    masks = torch.ones(101, 100).tril(-1).view(101, 1, 10, 10)
    assert hole_percent(masks).tolist() == list(range(101))


def test_each_frame_has_its_own_share():
    mask = torch.zeros(2, 3, 1, 4, 5)
    mask[1, 2, :, 0] = 1
    assert hole_percent(mask).tolist() == [[0, 0, 0], [0, 0, 25]]
