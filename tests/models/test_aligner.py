"""The contract of every aligner."""

import pytest
import torch

from master_thesis.models.aligner import Aligner, FrozenAligner, alignment_from_grid
from master_thesis.models.cpn import CPN
from master_thesis.ops.grid import identity_grid
from master_thesis.records import Alignment, MaskedFrames
from tests.factories import make_pair, tiny_dfpn

ALIGNERS = {"dfpn": tiny_dfpn, "cpn": CPN, "frozen": lambda: FrozenAligner(tiny_dfpn())}


@pytest.fixture(params=ALIGNERS)
def aligner(request):
    torch.manual_seed(0)
    return ALIGNERS[request.param]()


@torch.no_grad()
def test_shapes_ranges_and_what_can_be_copied(aligner):
    assert isinstance(aligner, Aligner)
    inputs = make_pair(2, 3, 33, 46)
    before = [x.clone() for x in inputs]
    alignment = aligner.align(*inputs)
    aligned, visible, copyable = alignment
    assert isinstance(alignment, Alignment)
    assert aligned.shape == (2, 3, 3, 33, 46)
    assert visible.shape == copyable.shape == (2, 1, 3, 33, 46)
    assert aligned.min() >= 0
    assert aligned.max() <= 1 + 1e-5
    assert set(visible.unique().tolist()) <= {0.0, 1.0}
    mask = inputs[1].unsqueeze(2)
    assert torch.equal(copyable, visible * mask)
    assert all(torch.equal(x, y) for x, y in zip(inputs, before, strict=True))


@torch.no_grad()
def test_single_clips_and_references_give_the_same_result(aligner):
    target, mask, refs, masks = make_pair(2, 3, 33, 46)
    together = aligner.align(target, mask, refs, masks)
    alone = aligner.align(target[1:], mask[1:], refs[1:, :, 2:], masks[1:, :, 2:])
    torch.testing.assert_close(alone.aligned[0, :, 0], together.aligned[1, :, 2], atol=1e-4, rtol=0)


def test_colours_are_sampled_bilinearly_and_visibility_by_nearest():
    _, mask, refs, masks = make_pair(1, 1, 8, 9)
    grid = identity_grid(8, 9).expand(1, 1, 8, 9, 2)
    still = alignment_from_grid(grid, 1 - mask, MaskedFrames(refs, 1 - masks))
    torch.testing.assert_close(still.aligned, refs)
    assert torch.equal(still.visible, 1 - masks)
    assert torch.equal(still.copyable, (1 - masks) * mask.unsqueeze(2))
    assert still.grid is grid
    assert still.confidence is None
    half_a_pixel = alignment_from_grid(grid + torch.tensor([0.98 / 8, 0.0]), 1 - mask, MaskedFrames(refs, 1 - masks))
    torch.testing.assert_close(
        half_a_pixel.aligned[..., :-1], 0.51 * refs[..., :-1] + 0.49 * refs[..., 1:], atol=1e-5, rtol=0
    )
    assert torch.equal(half_a_pixel.visible, 1 - masks)


def test_positions_outside_a_reference_are_black_and_hidden():
    _, mask, refs, masks = make_pair(1, 1, 8, 9)
    beyond = identity_grid(8, 9).expand(1, 1, 8, 9, 2) + 3
    alignment = alignment_from_grid(beyond, 1 - mask, MaskedFrames(refs, 1 - masks))
    assert not alignment.aligned.any()
    assert not alignment.visible.any()
    assert not alignment.copyable.any()


def test_a_frozen_aligner_passes_no_gradient_and_never_trains():
    aligner = FrozenAligner(tiny_dfpn()).train()
    target, mask, refs, masks = make_pair(2, 3, 33, 46)
    assert not aligner.align(target.requires_grad_(), mask, refs, masks).aligned.requires_grad
    assert not any(module.training for module in aligner.modules())
    assert not any(parameter.requires_grad for parameter in aligner.parameters())
