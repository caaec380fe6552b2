"""CHN: its size, any size of frame, any number of references."""

import numpy as np
import pytest
import torch

from master_thesis.models.chn import CHN
from tests.factories import tiny_chn


@pytest.fixture(scope="module")
def tiny():
    network = tiny_chn()
    torch.nn.init.normal_(network.tail[-1].weight, std=3)  # a new network paints almost plain grey
    return network.eval()


def make_inputs(b, f, height, width):
    generator = torch.Generator().manual_seed(0)
    visible = (torch.rand(b, 1, height, width, generator=generator) > 0.3).float()
    visible_refs = (torch.rand(b, 1, f, height, width, generator=generator) > 0.3).float()
    target = torch.rand(b, 3, height, width, generator=generator) * visible
    aligned = torch.rand(b, 3, f, height, width, generator=generator) * visible_refs
    return target, visible, aligned, visible_refs, (visible_refs - visible.unsqueeze(2)).clamp(0, 1)


def test_it_has_as_many_parameters_as_in_the_thesis():
    assert sum(parameter.numel() for parameter in CHN().parameters()) == 14_690_883


@pytest.mark.parametrize(("height", "width"), [(16, 16), (33, 47), (5, 6), (1, 1), (30, 4)])
@torch.no_grad()
def test_any_input_size(tiny, height, width):
    predicted, composed = tiny(*make_inputs(2, 3, height, width))
    assert predicted.shape == composed.shape == (2, 3, 3, height, width)
    assert predicted.min() >= 0
    assert predicted.max() <= 1


@torch.no_grad()
def test_known_pixels_are_the_targets_and_holes_the_networks(tiny):
    target, visible, *rest = make_inputs(2, 3, 17, 18)
    predicted, composed = tiny(target, visible, *rest)
    is_known = (visible.unsqueeze(2) > 0).expand_as(composed)
    assert torch.equal(composed[is_known], target.unsqueeze(2).expand_as(composed)[is_known])
    assert torch.equal(composed[~is_known], predicted[~is_known])
    assert predicted.std() > 0.05


@torch.no_grad()
def test_odd_sizes_are_padded_at_the_right_and_the_bottom(tiny):
    inputs = make_inputs(1, 1, 17, 18)
    padded = [torch.cat((x, x[..., -1:], x[..., -1:]), dim=-1) for x in inputs]
    padded = [torch.cat((x, *[x[..., -1:, :]] * 3), dim=-2) for x in padded]
    torch.testing.assert_close(tiny(*inputs).predicted, tiny(*padded).predicted[..., :17, :18])


@torch.no_grad()
def test_several_references_equal_single_ones(tiny):
    target, visible, aligned, visible_refs, copyable = make_inputs(2, 3, 18, 23)
    together = tiny(target, visible, aligned, visible_refs, copyable).predicted
    for b, f in np.ndindex(2, 3):
        one, ref = slice(b, b + 1), slice(f, f + 1)
        alone = tiny(target[one], visible[one], aligned[one, :, ref], visible_refs[one, :, ref], copyable[one, :, ref])
        torch.testing.assert_close(alone.predicted[0, :, 0], together[b, :, f])


@pytest.mark.parametrize("changed", range(5))
@torch.no_grad()
def test_every_input_has_an_influence(tiny, changed):
    inputs = make_inputs(1, 1, 16, 16)
    others = [x if i != changed else 1 - x for i, x in enumerate(inputs)]
    assert (tiny(*inputs).predicted - tiny(*others).predicted).abs().max() > 1e-3


def test_every_parameter_gets_a_gradient():
    network = CHN(width=4, growth=2, num_blocks=2)
    network(*make_inputs(1, 2, 16, 16)).predicted.mean().backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in network.parameters())
