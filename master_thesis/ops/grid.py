"""Sampling grids: the position of each target pixel in the reference.

Convention:
    A grid is ``(B, F, H, W, 2)``, x first, absolute positions normalised to [-1, 1] between the centres of the
    corner pixels (``align_corners=True``). Outside the image everything is zero: black and not visible.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Bool, Float
from torch import Tensor

from master_thesis.ops.affine import affine_grid


def identity_grid(height: int, width: int) -> Float[Tensor, "H W 2"]:
    """The grid that samples every pixel at its own position.

    >>> identity_grid(1, 3)[0, :, 0].tolist()
    [-1.0, 0.0, 1.0]
    """
    return affine_grid(torch.eye(3), height, width)


def warp(
    frames: Float[Tensor, "B C F H W"], grid: Float[Tensor, "B F h w 2"], mode: str = "bilinear"
) -> Float[Tensor, "B C F h w"]:
    """Samples every frame at its grid.

    Args:
        frames: the frames to sample.
        grid: sampling positions; its height and width are those of the result.
        mode: ``bilinear`` for colours, ``nearest`` for visibility maps.
    """
    b = frames.shape[0]
    sampled = F.grid_sample(
        rearrange(frames, "b c f h w -> (b f) c h w"),
        rearrange(grid, "b f h w xy -> (b f) h w xy"),
        mode=mode,
        padding_mode="zeros",
        align_corners=True,
    )
    return rearrange(sampled, "(b f) c h w -> b c f h w", b=b)


def resize_grid(grid: Float[Tensor, "B F h w 2"], height: int, width: int) -> Float[Tensor, "B F H W 2"]:
    """Resizes a grid bilinearly; positions are absolute and normalised, so their values do not change."""
    if grid.shape[2:4] == (height, width):
        return grid
    b = grid.shape[0]
    planes = rearrange(grid, "b f h w xy -> (b f) xy h w")
    resized = F.interpolate(planes, (height, width), mode="bilinear", align_corners=False)
    return rearrange(resized, "(b f) xy h w -> b f h w xy", b=b)


def inside(grid: Float[Tensor, "B F H W 2"]) -> Bool[Tensor, "B 1 F H W"]:
    """Whether positions lie inside the reference.

    >>> inside(torch.tensor([[[[[-1.0, 1.0], [0.0, 1.1]]]]])).flatten()
    tensor([ True, False])
    """
    return (grid.abs() <= 1).all(dim=-1).unsqueeze(1)


def distance_px(grid: Float[Tensor, "B F H W 2"], other: Float[Tensor, "B F H W 2"]) -> Float[Tensor, "B F H W"]:
    """Euclidean distance between two grids, in pixels of their own resolution (end-point error).

    >>> grid = identity_grid(9, 9)[None, None]  # neighbours are 2 / 8 apart
    >>> distance_px(grid, grid + torch.tensor([3 * 0.25, 4 * 0.25])).unique()
    tensor([5.])
    """
    h, w = grid.shape[2:4]
    half_extent_px = torch.tensor([(w - 1) / 2, (h - 1) / 2]).to(grid)
    return ((grid - other) * half_extent_px).norm(dim=-1)
