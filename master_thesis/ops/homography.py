"""The homography behind a dense flow: what a turning or zooming camera does to a far or flat scene.

Convention:
    A homography is a matrix ``(N, 3, 3)`` whose last entry is 1. It acts on (x, y, 1) in the unit square, measured
    from its centre, and maps points of the target to points of the reference.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from master_thesis.ops.affine import unit_points
from master_thesis.ops.precision import full_precision

NUM_ROUNDS = 4
RIDGE = 1e-6


def fit_homography(
    flow: Float[Tensor, "N 2 h w"], weights: Float[Tensor, "N 1 h w"], scale: float
) -> Float[Tensor, "N 3 3"]:
    """The homography that most of a flow agrees with (iteratively reweighted least squares), in float64.

    Args:
        flow: displacements in the unit square.
        weights: trust in each, at least 0.
        scale: distance, in the unit square, at which a displacement counts a quarter.
    """
    # Around the centre and in float64: the normal equations square the condition of the problem.
    points = centred_points(*flow.shape[-2:]).to(flow.device)
    images = points + rearrange(flow.double(), "n xy h w -> n (h w) xy")
    trust = rearrange(weights.double(), "n 1 h w -> n (h w)")
    rows, right = _equations(points.expand_as(images), images)
    counted = trust
    with full_precision(flow.device):
        for _ in range(NUM_ROUNDS):
            normal = torch.einsum("npki,np,npkj->nij", rows, counted, rows)
            normal = normal + RIDGE * torch.eye(8, dtype=normal.dtype, device=normal.device)
            unknowns = torch.linalg.solve(normal, torch.einsum("npki,np,npk->ni", rows, counted, right))
            matrix = matrix_of(unknowns)
            distance = (apply_homography(matrix, points) - images).norm(dim=-1)
            counted = trust / (1 + (distance / scale) ** 2) ** 2
    return matrix


def homography_flow(matrix: Float[Tensor, "N 3 3"], height: int, width: int) -> Float[Tensor, "N 2 H W"]:
    """The displacement of every pixel centre, in the unit square."""
    points = centred_points(height, width).to(matrix.device)
    flow = apply_homography(matrix, points) - points
    return rearrange(flow, "n (h w) xy -> n xy h w", h=height).float()


def apply_homography(matrix: Float[Tensor, "N 3 3"], points: Float[Tensor, "M P 2"]) -> Float[Tensor, "N P 2"]:
    """The images of points, measured from the centre like the points, in float64."""
    mapped = F.pad(points.double(), (0, 1), value=1.0) @ matrix.double().mT
    return mapped[..., :2] / mapped[..., 2:]


def centred_points(height: int, width: int) -> Float[Tensor, "1 P 2"]:
    """Every pixel centre, row by row, measured from the centre of the unit square, in float64."""
    return (unit_points(height, width)[..., :2].double() - 0.5).reshape(1, height * width, 2)


def matrix_of(unknowns: Float[Tensor, "N 8"]) -> Float[Tensor, "N 3 3"]:
    """The matrix with these entries, row by row, and a last one of 1."""
    return F.pad(unknowns, (0, 1), value=1.0).unflatten(-1, (3, 3))


def _equations(points: Float[Tensor, "N P 2"], images: Float[Tensor, "N P 2"]) -> tuple[Tensor, Tensor]:
    """Two linear equations per point in the eight unknowns of a homography whose last entry is 1."""
    (x, y), (u, v) = points.unbind(dim=-1), images.unbind(dim=-1)
    one, zero = torch.ones_like(x), torch.zeros_like(x)
    first = torch.stack((x, y, one, zero, zero, zero, -u * x, -u * y), dim=-1)
    second = torch.stack((zero, zero, zero, x, y, one, -v * x, -v * y), dim=-1)
    return torch.stack((first, second), dim=-2), images
