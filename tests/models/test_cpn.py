"""CPN's aligner with affine maps set by hand."""

import pytest
import torch

from master_thesis.models.cpn import CPN
from tests.factories import as_frames


@pytest.fixture
def cpn():
    """An aligner whose answer is its last bias."""
    torch.manual_seed(0)
    network = CPN()
    network.regressor.fc.weight.zero_()
    return network


def make_inputs():
    frames = torch.rand(1, 3, 3, 20, 31)
    mask = torch.zeros(1, 1, 3, 20, 31)
    mask[..., 5:10, 5:10] = 1
    mask[:, :, 1:, 5:10, 5:10] = 0
    mask[:, :, 1:, 12:15, 12:25] = 1
    masked = (1 - mask) * frames
    return masked[:, :, 0], mask[:, :, 0], masked[:, :, 1:], mask[:, :, 1:]


def test_the_identity_does_not_move_the_references(cpn):
    cpn.regressor.fc.bias.copy_(torch.tensor([1.0, 0, 0, 0, 1, 0]))
    target, mask, refs, masks = make_inputs()
    alignment = cpn.align(target, mask, refs, masks)
    torch.testing.assert_close(alignment.aligned, refs, atol=1e-5, rtol=1e-5)
    assert torch.equal(alignment.visible, 1 - masks)
    assert torch.equal(alignment.copyable, mask.unsqueeze(2).expand_as(masks))


def test_a_shift_samples_that_many_pixels_away(cpn):
    cpn.regressor.fc.bias.copy_(torch.tensor([1.0, 0, 2 * 3 / 30, 0, 1, 0]))  # 3 px to the right
    target, mask, refs, masks = make_inputs()
    alignment = cpn.align(target, mask, refs, masks)
    torch.testing.assert_close(alignment.aligned[..., :-3], refs[..., 3:], atol=1e-4, rtol=0)
    assert torch.equal(alignment.visible[..., :-3], 1 - masks[..., 3:])
    assert not alignment.visible[..., -3:].any()


def test_a_pixel_is_visible_when_more_than_half_of_it_is(cpn):
    target, mask, refs, masks = make_inputs()
    for shift_px, first_hidden in ((0.4, 12), (0.6, 11)):
        cpn.regressor.fc.bias.copy_(torch.tensor([1.0, 0, 2 * shift_px / 30, 0, 1, 0]))
        row = cpn.align(target, mask, refs, masks).visible[0, 0, 0, 13]
        assert torch.nonzero(row == 0).flatten()[0] == first_hidden


def test_it_never_trains(cpn):
    assert not any(parameter.requires_grad for parameter in cpn.parameters())
    assert not any(module.training for module in cpn.train().modules())


def test_frames_and_masks_have_an_influence():
    torch.manual_seed(0)
    network = CPN()
    target, mask, refs, masks = make_inputs()
    theta = network(*as_frames(target, mask, refs, masks))
    assert theta.shape == (1, 2, 2, 3)
    for changed in ((1 - target, mask, refs, masks), (target, 1 - mask, refs, masks), (target, mask, 1 - refs, masks)):
        assert not torch.equal(network(*as_frames(*changed)), theta)
