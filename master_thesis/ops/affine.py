"""Affine maps of the plane and the sampling grids that they define.

Convention:
    A matrix acts on column vectors (x, y, 1). *Unit-square* coordinates put (0, 0) at the outer corner of the
    top-left pixel and (1, 1) at that of the bottom-right one, so they do not change when an image is resized.
    Grids are normalised to [-1, 1] between the *centres* of the corner pixels (``align_corners=True``).
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor


def unit_points(height: int, width: int) -> Float[Tensor, "H W 3"]:
    """Homogeneous unit-square coordinates of every pixel centre.

    >>> unit_points(1, 2)[..., :2].tolist()
    [[[0.25, 0.5], [0.75, 0.5]]]
    """
    y, x = torch.meshgrid((torch.arange(height) + 0.5) / height, (torch.arange(width) + 0.5) / width, indexing="ij")
    return torch.stack((x, y, torch.ones_like(x)), dim=-1)


def apply_affine(matrix: Float[Tensor, "*lead 3 3"], points: Float[Tensor, "*rest 2"]) -> Float[Tensor, "*out 2"]:
    """Maps points by affine maps; the axis before (x, y) enumerates points, the axes before it broadcast.

    Args:
        matrix: homogeneous matrices, one per row of points.
        points: (x, y).
    """
    # A sum of products and not a matrix product, which autocast would round to eight bits.
    x, y, a = points[..., :1], points[..., 1:], matrix[..., None, :2, :]
    return a[..., 0] * x + a[..., 1] * y + a[..., 2]


def affine_flow(movement: Float[Tensor, "*lead 3 3"], height: int, width: int) -> Float[Tensor, "*lead H W 2"]:
    """The displacement of every pixel centre, in the unit square; exactly 0 for the identity.

    Args:
        movement: homogeneous affine matrices.
        height: rows of the flow.
        width: columns of the flow.
    """
    step = movement - torch.eye(3, dtype=movement.dtype, device=movement.device)
    return apply_affine(step[..., None, :, :], unit_points(height, width).to(movement)[..., :2])


def affine_grid(movement: Float[Tensor, "*lead 3 3"], height: int, width: int) -> Float[Tensor, "*lead H W 2"]:
    """The sampling grid of an affine movement, at any resolution.

    Convention:
        ``movement`` maps target points to reference points in the unit square; sampling the reference at the
        returned grid gives the target. The identity gives exactly the identity grid at every size.

    Args:
        movement: homogeneous affine matrices.
        height: rows of the grid.
        width: columns of the grid.

    >>> two_pixels_right = torch.tensor([[1.0, 0.0, 0.5], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])  # half of the width
    >>> affine_grid(two_pixels_right, 1, 4)[0, :2, 0]  # pixels 0 and 1 sample pixels 2 and 3
    tensor([0.3333, 1.0000])
    """
    like: dict[str, Any] = {"dtype": movement.dtype, "device": movement.device}
    # Identity plus displacement, so that a still camera is the identity to the last bit (the border stays inside).
    y, x = torch.meshgrid(torch.linspace(-1, 1, height, **like), torch.linspace(-1, 1, width, **like), indexing="ij")
    displacement = affine_flow(movement, height, width)
    extent = torch.tensor([2 * width / max(width - 1, 1), 2 * height / max(height - 1, 1)], **like)
    return torch.stack((x, y), dim=-1) + displacement * extent


def unit_to_grid(
    points: Float[Tensor, "*lead H W 2"], size: tuple[int, int] | None = None
) -> Float[Tensor, "*lead H W 2"]:
    """Unit-square positions as a sampling grid.

    Args:
        points: positions (x, y).
        size: height and width of the sampled frame; None: the shape of ``points``.
    """
    h, w = points.shape[-3:-1] if size is None else size
    extent = torch.tensor([w, h]).to(points)
    return (points * extent - 0.5) * 2 / (extent - 1).clamp(min=1) - 1


def fit_affine(
    points: Float[Tensor, "N P 2"], images: Float[Tensor, "N P 2"], weights: Float[Tensor, "N P"], prior: float = 1e-3
) -> Float[Tensor, "N 3 3"]:
    """Fits affine maps to weighted points and their images, by least squares.

    Convention:
        ``result @ (x, y, 1)`` approximates the image of (x, y); coordinates of any unit, best around 1.

    Args:
        points: points (x, y).
        images: the images of these points.
        weights: importance of each point, at least 0.
        prior: weight of the identity, in points; it decides what the points leave open.
    """
    ones = torch.ones_like(points[..., :1])
    p = torch.cat((points, ones), dim=-1)
    weighted = p * weights.unsqueeze(-1)
    ridge = prior * torch.eye(3).to(p)
    normal = weighted.mT @ p + ridge
    moments = weighted.mT @ torch.cat((images, ones), dim=-1) + ridge
    return torch.linalg.solve(normal, moments).mT
