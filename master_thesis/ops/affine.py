"""Affine maps of the plane, and the sampling grids they stand for.

Convention:
    A matrix acts on column vectors (x, y, 1). *Unit-square* coordinates put (0, 0) at the outer corner of the
    top-left pixel and (1, 1) at that of the bottom-right one, so they do not change when an image is resized.
    Grids are normalised to [-1, 1] between the *centres* of the corner pixels (``align_corners=True``).
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def unit_to_grid_matrix(height: int, width: int) -> Float[Tensor, "3 3"]:
    """The map from unit-square coordinates to grid coordinates of a ``height`` x ``width`` image."""
    # Pixel centre i lies at (i + 0.5) / size in the unit square and at 2 i / (size - 1) - 1 in the grid.
    sx, sy = 2 * width / max(width - 1, 1), 2 * height / max(height - 1, 1)
    ox, oy = -1 / max(width - 1, 1) - 1, -1 / max(height - 1, 1) - 1
    return torch.tensor([[sx, 0.0, ox], [0.0, sy, oy], [0.0, 0.0, 1.0]])


def unit_points(height: int, width: int) -> Float[Tensor, "H W 3"]:
    """Homogeneous unit-square coordinates of every pixel centre."""
    y, x = torch.meshgrid((torch.arange(height) + 0.5) / height, (torch.arange(width) + 0.5) / width, indexing="ij")
    return torch.stack((x, y, torch.ones_like(x)), dim=-1)


def affine_grid(movement: Float[Tensor, "*lead 3 3"], height: int, width: int) -> Float[Tensor, "*lead H W 2"]:
    """The sampling grid of an affine movement, at any resolution.

    Convention:
        ``movement`` maps target points to reference points in the unit square; sampling the reference at the
        returned grid gives the target. The identity gives exactly the identity grid at every size.

    Args:
        movement: homogeneous affine matrices.
        height: rows of the wanted grid.
        width: columns of the wanted grid.
    """
    to_grid = unit_to_grid_matrix(height, width).to(movement)
    points = unit_points(height, width).to(movement)
    return torch.einsum("...ij,hwj->...hwi", to_grid @ movement, points)[..., :2]
