"""Sampling at grids, against scipy and by invariants."""

import numpy as np
import pytest
import torch
from scipy.ndimage import map_coordinates

from master_thesis.ops.grid import distance_px, identity_grid, inside, resize_grid, warp


def random_grid(b=2, f=3, h=7, w=9, reach=1.3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(b, f, h, w, 2, generator=generator) * 2 - 1) * reach


@pytest.mark.parametrize("mode", ["bilinear", "nearest"])
@pytest.mark.parametrize("size", [(16, 16), (5, 8), (1, 6)])
def test_the_identity_changes_nothing(mode, size):
    frames = torch.rand(2, 3, 2, *size)
    torch.testing.assert_close(warp(frames, identity_grid(*size).expand(2, 2, *size, 2), mode), frames)


@pytest.mark.parametrize(("mode", "order"), [("bilinear", 1), ("nearest", 0)])
def test_agrees_with_scipy_also_outside_the_frame(mode, order):
    frames, grid = torch.rand(2, 2, 3, 10, 12), random_grid()
    warped = warp(frames, grid, mode)
    columns, rows = (grid[..., 0] + 1) / 2 * 11, (grid[..., 1] + 1) / 2 * 9
    for b, c, f in np.ndindex(2, 2, 3):
        where = torch.stack((rows[b, f], columns[b, f])).numpy()
        expected = map_coordinates(frames[b, c, f].numpy(), where, order=order, mode="grid-constant", cval=0.0)
        np.testing.assert_allclose(warped[b, c, f].numpy(), expected, atol=1e-5)


def test_nearest_creates_no_new_value():
    visible = (torch.rand(2, 1, 3, 10, 12) > 0.5).float()
    assert set(warp(visible, random_grid(), "nearest").unique().tolist()) == {0.0, 1.0}


def test_gradients_reach_frames_and_grid():
    frames = torch.rand(1, 1, 2, 5, 6, dtype=torch.float64, requires_grad=True)
    grid = random_grid(1, 2, 3, 4, reach=0.9).double().requires_grad_()
    assert torch.autograd.gradcheck(warp, (frames, grid), atol=1e-4)


def test_resizing_keeps_positions_and_interpolates_between_them():
    grid = torch.tensor([[0.0, -1.0], [1.0, -1.0]]).view(1, 1, 1, 2, 2)
    resized = resize_grid(grid, 1, 4)
    assert resized[0, 0, 0, :, 0].tolist() == [0.0, 0.25, 0.75, 1.0]
    assert resized[0, 0, 0, :, 1].tolist() == [-1.0] * 4


def test_resizing_to_the_same_size_is_a_no_op():
    grid = random_grid()
    assert resize_grid(grid, 7, 9) is grid


@pytest.mark.parametrize("size", [(16, 16), (64, 64), (256, 256), (33, 47)])
def test_exactly_the_frame_lies_inside(size):
    grid = identity_grid(*size)[None, None]
    assert inside(grid).all()
    one_px = torch.tensor([2 / (size[1] - 1), 0.0])
    assert not inside(grid + one_px)[..., -1].any()
    assert inside(grid + one_px)[..., :-1].float().mean() > 0.99


def test_distances_are_in_pixels_of_each_axis():
    grid = identity_grid(11, 21)[None, None]
    three_right_four_down = torch.tensor([3 * 2 / 20, 4 * 2 / 10])
    torch.testing.assert_close(distance_px(grid, grid + three_right_four_down), torch.full((1, 1, 11, 21), 5.0))
