"""The homography behind a flow, against flows made of one."""

import torch
from einops import rearrange

from master_thesis.ops.affine import unit_points
from master_thesis.ops.homography import fit_homography


def flow_of(matrix: torch.Tensor, h: int, w: int) -> torch.Tensor:
    points = unit_points(h, w)
    mapped = points @ matrix.T
    return rearrange(mapped[..., :2] / mapped[..., 2:] - points[..., :2], "h w xy -> 1 xy h w")


MATRIX = torch.tensor([[1.05, 0.08, -0.03], [-0.06, 0.97, 0.04], [0.05, -0.04, 1.0]])


def test_a_homography_is_found_again_though_a_third_of_the_frame_moves_otherwise() -> None:
    flow = flow_of(MATRIX, 24, 32)
    disturbed = flow.clone()
    disturbed[:, :, 8:20, 4:22] += 0.2
    fitted, distance = fit_homography(disturbed, torch.ones(1, 1, 24, 32), scale=0.01)
    torch.testing.assert_close(fitted, flow, atol=2e-3, rtol=0)
    assert distance[:, :, 8:20, 4:22].min() > 0.2
    assert distance[:, :, 20:].max() < 5e-3


def test_what_has_no_weight_does_not_count() -> None:
    flow = flow_of(MATRIX, 16, 16)
    weights = torch.ones(1, 1, 16, 16)
    weights[:, :, :12] = 0
    disturbed = torch.where(weights > 0, flow, torch.rand(1, 2, 16, 16))
    torch.testing.assert_close(fit_homography(disturbed, weights, scale=0.01)[0], flow, atol=1e-3, rtol=0)


def test_noise_is_averaged_away() -> None:
    flow = flow_of(MATRIX, 32, 32)
    noise = 0.01 * torch.randn(1, 2, 32, 32, generator=torch.Generator().manual_seed(0))
    fitted, _ = fit_homography(flow + noise, torch.ones(1, 1, 32, 32), scale=0.012)
    assert (fitted - flow).norm(dim=1).mean() < 0.1 * noise.norm(dim=1).mean()


def test_no_weight_at_all_stays_finite() -> None:
    fitted, distance = fit_homography(torch.zeros(1, 2, 8, 8), torch.zeros(1, 1, 8, 8), scale=0.01)
    assert torch.isfinite(fitted).all()
    assert torch.isfinite(distance).all()
