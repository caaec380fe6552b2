"""The homography behind a flow, against flows made of one."""

import torch

from master_thesis.ops.homography import apply_homography, centred_points, fit_homography, homography_flow

MATRIX = torch.tensor([[[1.05, 0.08, -0.03], [-0.06, 0.97, 0.04], [0.05, -0.04, 1.0]]])


def test_the_flow_is_where_the_matrix_leads() -> None:
    flow = homography_flow(MATRIX, 4, 6)
    x, y = (2 + 0.5) / 6 - 0.5, (3 + 0.5) / 4 - 0.5  # the pixel in row 3, column 2
    mapped = MATRIX[0] @ torch.tensor([x, y, 1.0])
    expected = mapped[:2] / mapped[2] - torch.tensor([x, y])
    torch.testing.assert_close(flow[0, :, 3, 2], expected)


def test_no_movement_is_exactly_no_flow() -> None:
    assert not homography_flow(torch.eye(3).unsqueeze(0), 5, 7).any()


def test_points_of_one_matrix_agree_with_the_flow() -> None:
    points = centred_points(3, 4)
    moved = apply_homography(MATRIX.double(), points) - points
    torch.testing.assert_close(homography_flow(MATRIX, 3, 4).flatten(2).mT, moved.float())


def test_a_homography_is_found_again_though_a_third_of_the_frame_moves_otherwise() -> None:
    disturbed = homography_flow(MATRIX, 24, 32)
    disturbed[:, :, 8:20, 4:22] += 0.2
    matrix = fit_homography(disturbed, torch.ones(1, 1, 24, 32), scale=0.01)
    torch.testing.assert_close(matrix.float(), MATRIX, atol=5e-3, rtol=0)


def test_what_has_no_weight_does_not_count() -> None:
    flow = homography_flow(MATRIX, 16, 16)
    weights = torch.ones(1, 1, 16, 16)
    weights[:, :, :12] = 0
    disturbed = torch.where(weights > 0, flow, torch.rand(1, 2, 16, 16))
    torch.testing.assert_close(fit_homography(disturbed, weights, scale=0.01).float(), MATRIX, atol=5e-3, rtol=0)


def test_noise_is_averaged_away() -> None:
    flow = homography_flow(MATRIX, 32, 32)
    noise = 0.01 * torch.randn(1, 2, 32, 32, generator=torch.Generator().manual_seed(0))
    matrix = fit_homography(flow + noise, torch.ones(1, 1, 32, 32), scale=0.012)
    assert (homography_flow(matrix, 32, 32) - flow).norm(dim=1).mean() < 0.1 * noise.norm(dim=1).mean()


def test_no_weight_at_all_stays_finite() -> None:
    assert torch.isfinite(fit_homography(torch.zeros(1, 2, 8, 8), torch.zeros(1, 1, 8, 8), scale=0.01)).all()
