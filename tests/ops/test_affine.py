"""Affine movements: one matrix means the same at every size."""

import math

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from master_thesis.ops.affine import affine_grid, unit_points
from master_thesis.ops.grid import warp

SIZES = [(16, 16), (64, 64), (256, 256), (33, 47), (240, 480)]


def movement(shift=(0.06, -0.04), scale=(1.1, 0.93), angle_rad=0.15):
    """A homogeneous matrix about the middle of the unit square."""
    c, s = math.cos(angle_rad), math.sin(angle_rad)
    turn = torch.tensor([[scale[0] * c, -scale[0] * s, 0.0], [scale[1] * s, scale[1] * c, 0.0], [0.0, 0.0, 1.0]])
    to_middle = torch.tensor([[1.0, 0.0, -0.5], [0.0, 1.0, -0.5], [0.0, 0.0, 1.0]])
    back = torch.tensor([[1.0, 0.0, 0.5 + shift[0]], [0.0, 1.0, 0.5 + shift[1]], [0.0, 0.0, 1.0]])
    return back @ turn @ to_middle


def landscape(points):
    """A smooth picture ``(1, 1, 1, H, W)`` that is known at every point of the unit square, also between pixels."""
    x, y = points[..., 0], points[..., 1]
    return (torch.sin(5 * x + 1) * torch.cos(4 * y) + x * y)[None, None, None]


@pytest.mark.parametrize("size", SIZES)
def test_a_still_camera_is_the_identity_to_the_last_bit(size):
    grid = affine_grid(torch.eye(3).expand(2, 3, 3, 3), *size)
    expected = F.affine_grid(torch.eye(2, 3)[None], [1, 1, *size], align_corners=True)[0]
    assert torch.equal(grid, expected.expand_as(grid))


@pytest.mark.parametrize("size", SIZES)
def test_warping_gives_the_view_of_the_moved_camera(size):
    matrix = movement()
    target_points = unit_points(*size)
    seen_there = target_points @ matrix.T
    warped = warp(landscape(target_points), affine_grid(matrix, *size)[None, None])
    margin = 0.5 / torch.tensor(size[::-1])  # nearer to the border than half a pixel there is nothing to interpolate
    is_inside = ((seen_there[..., :2] > margin) & (seen_there[..., :2] < 1 - margin)).all(dim=-1)
    error = (warped - landscape(seen_there))[0, 0, 0][is_inside].abs().max()
    assert is_inside.float().mean() > 0.6
    assert error < (5**2 + 4**2) / 8 / min(size) ** 2  # linear interpolation: second derivatives times step^2 / 8


def test_agrees_with_opencv_in_pixels():
    h, w = 40, 60
    matrix = movement()
    to_px = torch.tensor([[w, 0.0, -0.5], [0.0, h, -0.5], [0.0, 0.0, 1.0]])
    in_px = to_px @ matrix @ to_px.inverse()
    picture = landscape(unit_points(h, w))
    expected = cv2.warpAffine(
        picture[0, 0, 0].numpy(), in_px[:2].numpy(), (w, h), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    )
    warped = warp(picture, affine_grid(matrix, h, w)[None, None])[0, 0, 0].numpy()
    assert np.abs(warped - expected).max() < 0.02  # OpenCV rounds positions to a 32nd of a pixel


def test_a_shift_by_whole_pixels_by_hand():
    one_right_two_down = torch.tensor([[1.0, 0.0, 1 / 6], [0.0, 1.0, 2 / 5], [0.0, 0.0, 1.0]])
    picture = torch.arange(30.0).view(1, 1, 1, 5, 6)
    warped = warp(picture, affine_grid(one_right_two_down, 5, 6)[None, None])
    expected = torch.zeros_like(picture)
    expected[..., :3, :5] = picture[..., 2:, 1:]
    torch.testing.assert_close(warped, expected, atol=1e-4, rtol=0)


def test_a_map_and_its_inverse_cancel():
    matrix = movement()
    picture = landscape(unit_points(128, 128))
    there = warp(picture, affine_grid(matrix, 128, 128)[None, None])
    back = warp(there, affine_grid(matrix.inverse(), 128, 128)[None, None])
    middle = (..., slice(40, 88), slice(40, 88))
    torch.testing.assert_close(back[middle], picture[middle], atol=2e-3, rtol=0)


def test_every_matrix_of_a_batch_has_its_own_grid():
    matrices = torch.stack([movement(angle_rad=a) for a in (0.0, 0.1, 0.2, 0.3)]).view(2, 2, 3, 3)
    grids = affine_grid(matrices, 7, 9)
    assert grids.shape == (2, 2, 7, 9, 2)
    assert torch.equal(grids[1, 0], affine_grid(matrices[1, 0], 7, 9))


def test_autocast_does_not_round_positions():
    matrix = movement()
    with torch.autocast("cpu", torch.bfloat16):
        grid = affine_grid(matrix, 64, 64)
    assert torch.equal(grid, affine_grid(matrix, 64, 64))
