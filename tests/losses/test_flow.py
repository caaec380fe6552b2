import math

import torch
from skimage.metrics import structural_similarity

from master_thesis.losses.flow import (
    LEAST_ERROR,
    TRUST_SCALE,
    appearance_difference,
    appearance_loss,
    choice_loss,
    flow_distance,
    sequence_loss,
    smoothness_loss,
    trust_loss,
)


def test_flow_distance_is_euclidean() -> None:
    flow = torch.zeros(2, 2, 4, 4)
    flow[1, 0], flow[1, 1] = 3.0, 4.0
    torch.testing.assert_close(flow_distance(flow, torch.zeros_like(flow)), torch.tensor([0.0, 5.0]), atol=1e-5, rtol=0)


def test_sequence_loss_counts_known_pairs_alone_and_weighs_later_steps_more() -> None:
    one = torch.zeros(2, 2, 4, 4)
    off = one + torch.tensor([3.0, 4.0]).view(1, 2, 1, 1)
    is_known = torch.tensor([1.0, 0.0])
    early = sequence_loss([off, one], [one, one], is_known)
    late = sequence_loss([one, off], [one, one], is_known)
    torch.testing.assert_close(torch.stack((early, late)), torch.tensor([0.8 * 5, 5.0]), atol=1e-4, rtol=0)
    assert float(sequence_loss([off], [one], torch.zeros(2))) == 0


def test_structure_agrees_with_scikit_image() -> None:
    generator = torch.Generator().manual_seed(0)
    a, b = torch.rand(2, 1, 3, 24, 24, generator=generator)
    _, ssim = structural_similarity(
        a[0].permute(1, 2, 0).numpy(), b[0].permute(1, 2, 0).numpy(), win_size=3, channel_axis=2, data_range=1.0,
        full=True, use_sample_covariance=False,
    )  # fmt: skip
    expected = 0.85 * ((1 - torch.from_numpy(ssim)) / 2).clamp(0, 1).mean(dim=2) + 0.15 * (a - b)[0].abs().mean(dim=0)
    inner = (slice(1, -1), slice(1, -1))  # borders are handled differently
    torch.testing.assert_close(appearance_difference(a, b)[0, 0][inner], expected[inner].float(), atol=1e-4, rtol=0)


def test_equal_frames_cost_nothing_and_positions_outside_do_not_count() -> None:
    a, b = torch.rand(2, 1, 3, 8, 8)
    torch.testing.assert_close(appearance_loss(a, a, torch.ones(1, 1, 8, 8)), torch.tensor(0.0), atol=1e-5, rtol=0)
    assert float(appearance_loss(a, b, torch.zeros(1, 1, 8, 8))) == 0


def test_an_affine_flow_is_smooth() -> None:
    y, x = torch.meshgrid(torch.arange(8.0), torch.arange(8.0), indexing="ij")
    flow = torch.stack((0.1 * x + 0.2 * y, 0.3 * x)).unsqueeze(0)
    picture = torch.zeros(1, 3, 8, 8)
    torch.testing.assert_close(smoothness_loss(flow, picture), torch.tensor(0.0), atol=1e-5, rtol=0)
    assert float(smoothness_loss(flow.sin() * 3, picture)) > 0.01


def test_the_best_trust_follows_from_the_error() -> None:
    """A pixel off by TRUST_SCALE deserves 1 / e; the loss is smallest there, and at 0 outside the reference."""
    target = torch.zeros(1, 3, 2, 2)
    aligned, valid = target + TRUST_SCALE, torch.ones(1, 1, 2, 2)
    best = math.log((1 / math.e) / (1 - 1 / math.e))
    logits = [torch.full((1, 1, 2, 2), best + d) for d in (-0.5, 0.0, 0.5)]
    losses = [float(trust_loss(logit, aligned, target, valid)) for logit in logits]
    assert min(losses) == losses[1]
    assert trust_loss(logits[0] - 9, aligned, target, 0 * valid) < trust_loss(logits[0], aligned, target, 0 * valid)


def test_the_best_cost_is_the_mean_of_the_errors() -> None:
    errors = torch.tensor([0.01, 0.03]).view(2, 1, 1, 1)
    weights = torch.ones_like(errors)
    cost = torch.tensor(0.0, requires_grad=True)
    best = torch.tensor(0.02 + LEAST_ERROR).log()
    losses = [choice_loss((best + step + cost).expand_as(errors), errors, weights) for step in (-0.2, 0.0, 0.2)]
    assert losses[1] < min(losses[0], losses[2])
    (gradient,) = torch.autograd.grad(losses[1], cost)
    assert abs(float(gradient)) < 1e-6
    assert float(choice_loss(errors, errors, 0 * weights)) == 0
