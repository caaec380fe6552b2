"""Homographies: the effect of a turning or zooming camera on a distant or flat scene.

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


def homography_flow(matrix: Float[Tensor, "N 3 3"], height: int, width: int) -> Float[Tensor, "N 2 H W"]:
    """The displacement of every pixel centre, in the unit square."""
    points = centred_points(height, width).to(matrix.device)
    flow = apply_homography(matrix, points) - points
    return rearrange(flow, "n (h w) xy -> n xy h w", h=height).float()


def apply_homography(matrix: Float[Tensor, "N 3 3"], points: Float[Tensor, "M P 2"]) -> Float[Tensor, "N P 2"]:
    """Maps points, measured from the centre like their images, in float64."""
    mapped = F.pad(points.double(), (0, 1), value=1.0) @ matrix.double().mT
    return mapped[..., :2] / mapped[..., 2:]


def centred_points(height: int, width: int) -> Float[Tensor, "1 P 2"]:
    """Every pixel centre, row by row, measured from the centre of the unit square, in float64."""
    return (unit_points(height, width)[..., :2].double() - 0.5).reshape(1, height * width, 2)


def centred(matrix: Float[Tensor, "N 3 3"], left: float = 0.0, top: float = 0.0) -> Float[Tensor, "N 3 3"]:
    """Converts a map of the unit square measured from its corner into one measured from its centre.

    Args:
        matrix: homogeneous matrices.
        left: x of their origin in the unit square.
        top: y of their origin.
    """
    shift = torch.tensor([[1, 0, 0.5 - left], [0, 1, 0.5 - top], [0, 0, 1]], dtype=torch.float64, device=matrix.device)
    moved = torch.linalg.inv(shift) @ matrix.double() @ shift
    return moved / moved[:, 2:, 2:]


def from_pixels(matrix: Float[Tensor, "N 3 3"], height: int, width: int) -> Float[Tensor, "N 3 3"]:
    """Converts a map of pixels, (0, 0) being the centre of the top-left one."""
    size = torch.diag(torch.tensor([1 / width, 1 / height, 1.0], dtype=torch.float64, device=matrix.device))
    return centred(size @ matrix.double() @ torch.linalg.inv(size), 0.5 / width, 0.5 / height)


def to_pixels(matrix: Float[Tensor, "N 3 3"], height: int, width: int) -> Float[Tensor, "N 3 3"]:
    """The inverse of :func:`from_pixels`."""
    change = torch.tensor(
        [[1 / width, 0, 0.5 / width - 0.5], [0, 1 / height, 0.5 / height - 0.5], [0, 0, 1]],
        dtype=torch.float64,
        device=matrix.device,
    )
    moved = torch.linalg.inv(change) @ matrix.double() @ change
    return moved / moved[:, 2:, 2:]
