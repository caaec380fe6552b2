"""Losses of the small aligner on clips with known movement."""

import pytest
import torch

from master_thesis.configs.training import OptimConfig
from master_thesis.models.small.aligner import SmallFlow
from master_thesis.ops.homography import centred
from master_thesis.records import MaskedFrames
from master_thesis.training.small import Pairs, SmallDFPNTraining, choice_errors, jitter
from tests.factories import SMALL_SIZES, make_clip


@pytest.fixture
def clip():
    return make_clip(num=2, num_frames=2, size=64)


def true_camera_and_no_flow(clip):
    movement = clip.movement[:, clip.ref_indices].flatten(0, 1)
    nothing = torch.zeros(2, 2, 16, 16)
    return SmallFlow([nothing], torch.zeros(2, 1, 16, 16), centred(movement), torch.zeros(2, 3, 16, 16))


def test_true_movement_costs_least(clip):
    errors, weights = choice_errors(Pairs.of(*clip.split(), (64, 64)), true_camera_and_no_flow(clip))
    by_camera, by_flow, filled = ((errors * weights).sum(dim=(0, 2, 3)) / weights.sum(dim=(0, 2, 3))).tolist()
    assert by_camera < 0.002 < 0.01 < by_flow
    assert by_camera < filled


def test_choice_counts_only_in_the_hole_where_the_reference_is_visible(clip):
    target, refs = clip.split()
    _, weights = choice_errors(Pairs.of(target, refs, (64, 64)), true_camera_and_no_flow(clip))
    hole = target.mask[:, :, 2::4, 2::4]
    assert weights[:, 2:].sum() > 0
    assert (weights <= hole).all()
    seen = refs.visible[:, :, 0, 2::4, 2::4]  # the second choice does not move
    assert (weights[:, 1:2] <= seen).all()
    assert weights[:, 1].sum() < weights[:, 2].sum()


def test_choice_has_no_gradient_into_the_flow(clip):
    torch.manual_seed(0)
    module = SmallDFPNTraining(SMALL_SIZES, OptimConfig())
    parts = module.losses(clip).parts
    assert set(parts) == {"flow", "appearance", "smoothness", "trust", "choice"}
    parts["choice"].backward()
    trained = {name.split(".")[0] for name, p in module.network.named_parameters() if p.grad is not None}
    assert trained == {"choice"}


def test_jitter_depends_on_the_seed_and_stays_in_bounds():
    refs = MaskedFrames(torch.rand(2, 3, 2, 8, 8), torch.ones(2, 1, 2, 8, 8))
    changed = jitter(refs, seed=5).colours
    assert torch.equal(changed, jitter(refs, seed=5).colours)
    assert not torch.equal(changed, jitter(refs, seed=6).colours)
    assert changed.min() >= 0
    assert (changed - refs.colours).abs().max() <= 0.15 + 0.08 + 1e-6
