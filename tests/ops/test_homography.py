"""Homographies, against points that were moved by hand."""

import torch

from master_thesis.ops.affine import affine_flow
from master_thesis.ops.homography import apply_homography, centred, centred_points, from_pixels, homography_flow

MATRIX = torch.tensor([[[1.1, 0.05, 0.02], [-0.04, 0.95, -0.03], [0.1, -0.2, 1.0]]])


def test_points_are_divided_by_their_depth() -> None:
    point = torch.tensor([[[0.5, -0.25]]])
    depth = 0.1 * 0.5 + 0.2 * 0.25 + 1
    expected = torch.tensor([[[(1.1 * 0.5 - 0.05 * 0.25 + 0.02) / depth, (-0.04 * 0.5 - 0.95 * 0.25 - 0.03) / depth]]])
    torch.testing.assert_close(apply_homography(MATRIX, point).float(), expected)


def test_the_flow_of_the_identity_is_zero() -> None:
    assert float(homography_flow(torch.eye(3).unsqueeze(0), 5, 7).abs().max()) == 0


def test_an_affine_map_of_the_unit_square_moves_the_same_points() -> None:
    affine = torch.tensor([[[0.9, 0.1, 0.05], [-0.2, 1.2, 0.1], [0.0, 0.0, 1.0]]])
    expected = affine_flow(affine, 6, 9)[0].permute(2, 0, 1)
    torch.testing.assert_close(homography_flow(centred(affine), 6, 9)[0], expected, atol=1e-6, rtol=0)


def test_a_map_of_pixels_moves_the_same_pixels() -> None:
    """Width 8, height 4: pixel (2, 1) goes to (2 + 3, 1 - 1) and half a turn of the frame is half a turn."""
    shift = torch.tensor([[[1.0, 0.0, 3.0], [0.0, 1.0, -1.0], [0.0, 0.0, 1.0]]])
    flow = homography_flow(from_pixels(shift, 4, 8), 4, 8)[0, :, 1, 2]
    torch.testing.assert_close(flow, torch.tensor([3 / 8, -1 / 4]))
    turn = torch.tensor([[[-1.0, 0.0, 7.0], [0.0, -1.0, 3.0], [0.0, 0.0, 1.0]]])
    points = centred_points(4, 8)
    torch.testing.assert_close(apply_homography(from_pixels(turn, 4, 8), points), -points)


def test_perspective_in_pixels_is_kept() -> None:
    matrix = torch.tensor([[[1.0, 0.1, 2.0], [0.0, 0.9, 1.0], [0.01, 0.002, 1.0]]]).double()
    x, y = 5.0, 2.0
    depth = 0.01 * x + 0.002 * y + 1
    u, v = (x + 0.1 * y + 2) / depth, (0.9 * y + 1) / depth
    flow = homography_flow(from_pixels(matrix, 6, 10), 6, 10)[0, :, 2, 5]
    torch.testing.assert_close(flow, torch.tensor([(u - x) / 10, (v - y) / 6]), atol=1e-6, rtol=1e-5)
