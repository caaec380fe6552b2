"""DFPN: its size, its parts against loops, and what holds for any size of network and frame."""

import numpy as np
import pytest
import torch

from master_thesis.models.dfpn import FlowEstimator, Mixer, SeparableConv4d
from master_thesis.records import MaskedFrames
from tests.factories import as_frames, make_pair, tiny_dfpn


def count(module):
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)


@pytest.mark.parametrize(
    ("make", "parameters"),
    [(SeparableConv4d, 1_772_801), (Mixer, 2_278_762), (FlowEstimator, 4_935_682)],
)
def test_the_parts_have_as_many_parameters_as_in_the_thesis(make, parameters):
    assert count(make()) == parameters


def test_all_parts_but_vgg_are_trainable():
    network = tiny_dfpn()
    parts = (network.conv4d, network.mixer, network.estimator_64, network.estimator_256)
    assert count(network) == sum(map(count, parts))


@torch.no_grad()
def test_the_4d_convolution_agrees_with_loops_over_planes():
    conv, correlation = SeparableConv4d((2, 3)), torch.randn(1, 2, 4, 4, 5, 5)
    between = torch.empty(2, 4, 4, 3, 5, 5)
    for f, ty, tx in np.ndindex(2, 4, 4):
        between[f, ty, tx] = conv.over_refs(correlation[0, f, ty, tx][None, None])[0]
    expected = torch.empty_like(correlation)
    for f, ry, rx in np.ndindex(2, 5, 5):
        plane = between[f, :, :, :, ry, rx].permute(2, 0, 1)
        expected[0, f, :, :, ry, rx] = conv.over_target(plane[None])[0, 0]
    torch.testing.assert_close(conv(correlation), expected)


@torch.no_grad()
@pytest.mark.parametrize(("height", "width"), [(32, 32), (48, 80), (37, 51), (16, 20)])
def test_any_input_size(height, width):
    prediction = tiny_dfpn()(*as_frames(*make_pair(2, 3, height, width)))
    assert prediction.correlation.shape == (2, 3, 2, 2, 2, 2)
    assert prediction.grid_coarse.shape == (2, 3, 2, 2, 2)
    assert prediction.grid_middle.shape == (2, 3, 8, 8, 2)
    assert prediction.grid_fine.shape == (2, 3, 32, 32, 2)
    assert prediction.grid.shape == (2, 3, height, width, 2)


@torch.no_grad()
def test_a_prediction_unpacks_in_the_order_of_the_thesis():
    prediction = tiny_dfpn()(*as_frames(*make_pair(1, 1, 32, 32)))
    fields = (prediction.correlation, prediction.grid_coarse, prediction.grid_middle, prediction.grid)
    assert all(a is b for a, b in zip(prediction, fields, strict=True))


@torch.no_grad()
def test_another_working_size():
    assert tiny_dfpn(size=64)(*as_frames(*make_pair(1, 1, 32, 32))).grid_coarse.shape == (1, 1, 4, 4, 2)


@torch.no_grad()
def test_clips_and_references_are_independent():
    network = tiny_dfpn()
    target, mask, refs, masks = make_pair(2, 3, 40, 48)
    together = network(*as_frames(target, mask, refs, masks))
    for b, f in np.ndindex(2, 3):
        one, ref = slice(b, b + 1), slice(f, f + 1)
        alone = network(*as_frames(target[one], mask[one], refs[one, :, ref], masks[one, :, ref]))
        torch.testing.assert_close(alone.grid[0, 0], together.grid[b, f])
        torch.testing.assert_close(alone.correlation[0, 0], together.correlation[b, f])


def test_every_trained_part_learns_and_vgg_does_not():
    network = tiny_dfpn().train()
    assert not network.vgg.training
    prediction = network(*as_frames(*make_pair(1, 2, 32, 32)))
    (prediction.correlation.mean() + prediction.grid_coarse.mean() + prediction.grid.mean()).backward()
    assert all(p.grad is not None for p in network.parameters() if p.requires_grad)
    assert all(p.grad is None for p in network.vgg.parameters())


@torch.no_grad()
def test_a_frame_without_a_mask_correlates_fully_with_itself():
    network = tiny_dfpn()
    frame = torch.rand(1, 3, 32, 32)
    nothing = torch.zeros(1, 1, 32, 32)
    itself = network.correlate(*as_frames(frame, nothing, frame.unsqueeze(2), nothing.unsqueeze(2))).view(4, 4)
    lengths = network.encode(MaskedFrames(frame, 1 - nothing)).codes[0][0].flatten(1).norm(dim=0)
    torch.testing.assert_close(itself.diagonal(), lengths)
    assert lengths.any()
    hidden = network.correlate(*as_frames(frame, nothing + 1, frame.unsqueeze(2), nothing.unsqueeze(2)))
    assert not hidden.any()
