"""DFPN's loss, against its definition in loops."""

import pytest
import torch

from master_thesis.losses.dfpn import alignment_loss, dfpn_losses
from master_thesis.ops.affine import affine_grid
from master_thesis.ops.grid import identity_grid
from master_thesis.records import FlowPrediction
from tests.factories import as_frames, make_clip


def random(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def plain_alignment_loss(target, mask_target, ref, mask_ref, grid):
    """The sentence of the spec, pixel by pixel, for one target and one reference of the grid's size."""
    total, count = 0.0, 0
    height, width = grid.shape[:2]
    for y in range(height):
        for x in range(width):
            gx, gy = grid[y, x].tolist()
            px, py = (gx + 1) / 2 * (width - 1), (gy + 1) / 2 * (height - 1)
            is_inside = 0 <= px <= width - 1 and 0 <= py <= height - 1
            if not is_inside or mask_target[y, x] or mask_ref[round(py), round(px)]:
                continue
            x0, y0 = min(int(px), width - 2), min(int(py), height - 2)
            ax, ay = px - x0, py - y0
            aligned = (
                ref[:, y0, x0] * (1 - ax) * (1 - ay)
                + ref[:, y0, x0 + 1] * ax * (1 - ay)
                + ref[:, y0 + 1, x0] * (1 - ax) * ay
                + ref[:, y0 + 1, x0 + 1] * ax * ay
            )
            total += float((aligned - target[:, y, x]).abs().sum())
            count += 1
    return total / count


def test_alignment_loss_equals_its_definition_pixel_by_pixel():
    target, ref = random(1, 3, 8, 8), random(1, 3, 1, 8, 8, seed=1)
    mask_target, mask_ref = (random(1, 1, 8, 8, seed=2) < 0.3).float(), (random(1, 1, 1, 8, 8, seed=3) < 0.3).float()
    grid = identity_grid(8, 8).view(1, 1, 8, 8, 2) + 0.5 * random(1, 1, 8, 8, 2, seed=4)
    expected = plain_alignment_loss(target[0], mask_target[0, 0], ref[0, :, 0], mask_ref[0, 0, 0], grid[0, 0])
    assert alignment_loss(*as_frames(target, mask_target, ref, mask_ref), grid) == pytest.approx(expected, rel=1e-4)


def test_alignment_loss_is_zero_for_a_still_camera_and_has_a_gradient_elsewhere():
    frames = random(1, 3, 16, 16)
    no_mask = torch.zeros(1, 1, 16, 16)
    views = as_frames(frames, no_mask, frames.unsqueeze(2), no_mask.unsqueeze(2))
    still = identity_grid(16, 16).view(1, 1, 16, 16, 2)
    assert alignment_loss(*views, still) < 1e-5
    moved = (still * 0.9).requires_grad_()
    alignment_loss(*views, moved).backward()
    assert moved.grad.abs().sum() > 0


def prediction_of(grid_maker, correlation, sizes=(4, 16, 64)):
    grids = [grid_maker(n) for n in sizes]
    return FlowPrediction(correlation, grids[0], grids[1], grids[2], grids[2])


def test_a_true_prediction_costs_nothing_but_interpolation():
    clip = make_clip(size=64)
    views, movement = clip.split(), clip.movement[:, clip.ref_indices]
    correlation = random(2, 2, 4, 4, 4, 4)
    true = prediction_of(lambda n: affine_grid(movement, n, n), correlation)
    losses = dfpn_losses(*views, true, correlation, movement, clip.is_simulated).parts
    assert set(losses) == {"correlation", "flow_16", "flow_64", "flow_256", "alignment_64", "alignment_256"}
    assert all(losses[name] < 1e-6 for name in ("correlation", "flow_16", "flow_64", "flow_256"))
    still = prediction_of(lambda n: identity_grid(n, n).expand(2, 2, n, n, 2), correlation)
    unmoved = dfpn_losses(*views, still, correlation, movement, clip.is_simulated).parts
    assert losses["alignment_256"] < 0.3 * unmoved["alignment_256"]


def test_flow_counts_over_simulated_clips_alone():
    clip = make_clip(size=64)
    views, movement = clip.split(), clip.movement[:, clip.ref_indices]
    correlation = torch.zeros(2, 2, 4, 4, 4, 4)
    wrong = prediction_of(lambda n: torch.zeros(2, 2, n, n, 2), correlation)
    only_first = dfpn_losses(*views, wrong, correlation, movement, torch.tensor([True, False])).parts
    expected = affine_grid(movement[:1], 16, 16).abs().mean()
    assert only_first["flow_64"] == pytest.approx(float(expected), rel=1e-5)
    none = dfpn_losses(*views, wrong, correlation, movement, torch.tensor([False, False])).parts
    assert set(none) == {"correlation", "alignment_64", "alignment_256"}


def test_total_is_the_sum_of_the_parts():
    clip = make_clip(size=64)
    movement = clip.movement[:, clip.ref_indices]
    wrong = prediction_of(lambda n: torch.zeros(2, 2, n, n, 2), torch.zeros(2, 2, 4, 4, 4, 4))
    losses = dfpn_losses(*clip.split(), wrong, torch.ones(2, 2, 4, 4, 4, 4), movement, clip.is_simulated)
    assert losses.parts["correlation"] == 1
    assert losses.total == pytest.approx(sum(float(part) for part in losses.parts.values()))
