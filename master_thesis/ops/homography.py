"""The homography behind a dense flow: what a turning or zooming camera does to a far or flat scene."""

from __future__ import annotations

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from master_thesis.ops.affine import unit_points
from master_thesis.ops.precision import full_precision

NUM_ROUNDS = 4
RIDGE = 1e-6


def fit_homography(
    flow: Float[Tensor, "N 2 h w"], weights: Float[Tensor, "N 1 h w"], scale: float
) -> tuple[Float[Tensor, "N 2 h w"], Float[Tensor, "N 1 h w"]]:
    """The flow of the homography that most of a flow agrees with (iteratively reweighted least squares).

    Args:
        flow: displacements in the unit square.
        weights: trust in each, at least 0.
        scale: distance, in the unit square, at which a displacement counts a quarter.

    Returns:
        The homography's flow, and how far the given one is from it (in the unit square).
    """
    h, w = flow.shape[-2:]
    # Around the centre and in float64: the normal equations square the condition of the problem.
    points = (unit_points(h, w).to(flow)[..., :2] - 0.5).double().reshape(1, h * w, 2)
    images = points + rearrange(flow.double(), "n xy h w -> n (h w) xy")
    trust = rearrange(weights.double(), "n 1 h w -> n (h w)")
    rows, right = _equations(points.expand_as(images), images)
    counted = trust
    with full_precision(flow.device):
        for _ in range(NUM_ROUNDS):
            normal = torch.einsum("npki,np,npkj->nij", rows, counted, rows)
            normal = normal + RIDGE * torch.eye(8, dtype=normal.dtype, device=normal.device)
            unknowns = torch.linalg.solve(normal, torch.einsum("npki,np,npk->ni", rows, counted, right))
            mapped = _apply(unknowns, points)
            distance = (mapped - images).norm(dim=-1)
            counted = trust / (1 + (distance / scale) ** 2) ** 2
    fitted = rearrange(mapped - points, "n (h w) xy -> n xy h w", h=h)
    return fitted.to(flow.dtype), rearrange(distance, "n (h w) -> n 1 h w", h=h).to(flow.dtype)


def _equations(points: Float[Tensor, "N P 2"], images: Float[Tensor, "N P 2"]) -> tuple[Tensor, Tensor]:
    """Two linear equations per point in the eight unknowns of a homography whose last entry is 1."""
    (x, y), (u, v) = points.unbind(dim=-1), images.unbind(dim=-1)
    one, zero = torch.ones_like(x), torch.zeros_like(x)
    first = torch.stack((x, y, one, zero, zero, zero, -u * x, -u * y), dim=-1)
    second = torch.stack((zero, zero, zero, x, y, one, -v * x, -v * y), dim=-1)
    return torch.stack((first, second), dim=-2), images


def _apply(unknowns: Float[Tensor, "N 8"], points: Float[Tensor, "1 P 2"]) -> Float[Tensor, "N P 2"]:
    a, b, c, d, e, f, g, h = (unknowns[:, i : i + 1] for i in range(8))
    x, y = points.unbind(dim=-1)
    return torch.stack((a * x + b * y + c, d * x + e * y + f), dim=-1) / (g * x + h * y + 1).unsqueeze(-1)
