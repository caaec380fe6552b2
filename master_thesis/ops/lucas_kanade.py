"""Refinement of homographies to a fraction of a pixel, by direct alignment of brightness.

Source: Lucas and Kanade (1981) as Gauss-Newton on the eight unknowns, with the mean of the gradients of both images
(Benhimane and Malis, 2004), a gain and an offset of the brightness, and robust weights. OpenCV's
``findTransformECCWithMask`` takes as long and copies 0.45 dB worse (``python -m benchmarks.quality refinement``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from master_thesis.ops.affine import unit_to_grid
from master_thesis.ops.grid import warp
from master_thesis.ops.homography import apply_homography, centred_points
from master_thesis.ops.precision import full_precision

NUM_STEPS = 4
ENOUGH = 2e-5
"""Steps that move no corner of the frame further than this, in the unit square, are the last."""
MAX_PIXELS = 32_768
"""Larger images are subsampled: every second, third ... pixel of each row and column."""
MIN_OVERLAP = 0.08
"""Smallest share of the frame that two images must share to be compared."""
ROBUST_SCALE = 0.05
"""Brightness difference, in [0, 1], at which the weight of a pixel falls to a quarter."""
DAMPING = 1e-4
RIDGE = 1e-3
LARGEST_MOVE = 0.03
"""Corrections that move any pixel further than this, in the unit square, are rejected."""
BLUR = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)
REACH = 2  # of blur and gradient: pixels this close to a hole are ignored


@dataclass(frozen=True)
class GradientImage:
    """Brightness, its gradient in the unit square, and the visibility of both."""

    planes: Float[Tensor, "N 4 h w"]

    @property
    def stride(self) -> int:
        """Distance of the sampled pixels along rows and columns."""
        return max(1, round(math.sqrt(math.prod(self.planes.shape[-2:]) / MAX_PIXELS)))

    @cached_property
    def points(self) -> Float[Tensor, "1 P 2"]:
        """Positions of the sampled pixels, measured from the centre."""
        h, w = self.planes.shape[-2:]
        return torch.from_numpy(_every(self.stride, h, w)).to(self.planes.device)

    @cached_property
    def sampled(self) -> Float[Tensor, "N 4 P"]:
        """Planes at the sampled pixels."""
        return self.planes[..., :: self.stride, :: self.stride].flatten(2)

    @staticmethod
    def of(frames: Float[Tensor, "N 3 h w"], visible: Float[Tensor, "N 1 h w"]) -> GradientImage:
        """Computes the planes of frames; once per frame, as many homographies are tried on them.

        Args:
            frames: RGB in [0, 1].
            visible: 1 = known.
        """
        with full_precision(frames.device):
            return GradientImage._of(frames, visible)

    @staticmethod
    def of_grey(grey: Float[np.ndarray, "h w"], known: Bool[np.ndarray, "h w"]) -> GradientImage:
        """The same of one frame by OpenCV, in a fifth of the time.

        Args:
            grey: brightness in [0, 1].
            known: whether it is.
        """
        (h, w), weights, kernel = grey.shape, known.astype(np.float32), np.array(BLUR, np.float32)
        planes, border = np.empty((4, h, w), np.float32), cv2.BORDER_REPLICATE
        share = cv2.sepFilter2D(weights, -1, kernel, kernel, borderType=border)
        cv2.sepFilter2D(grey * weights, -1, kernel, kernel, planes[0], borderType=border)
        planes[0] /= share + np.float32(1e-6)
        slope, one = np.array((-1, 0, 1), np.float32), np.ones(1, np.float32)
        cv2.sepFilter2D(planes[0], -1, slope * (w / 2), one, planes[1], borderType=border)
        cv2.sepFilter2D(planes[0], -1, one, slope * (h / 2), planes[2], borderType=border)
        cv2.erode(weights, np.ones((2 * REACH + 1,) * 2, np.uint8), planes[3])
        return GradientImage(torch.from_numpy(planes).unsqueeze(0))

    @staticmethod
    def _of(frames: Tensor, visible: Tensor) -> GradientImage:
        grey = _blur(frames.mean(dim=1, keepdim=True) * visible) / (_blur(visible) + 1e-6)
        h, w = grey.shape[-2:]
        p = F.pad(grey, (1, 1, 1, 1), mode="replicate")
        dx, dy = (p[..., 1:-1, 2:] - p[..., 1:-1, :-2]) * w / 2, (p[..., 2:, 1:-1] - p[..., :-2, 1:-1]) * h / 2
        known = 1 - F.max_pool2d((visible < 1).to(visible), 2 * REACH + 1, stride=1, padding=REACH)
        return GradientImage(torch.cat((grey, dx, dy, known), dim=1))

    def at(self, positions: Float[Tensor, "N P 2"]) -> Float[Tensor, "N 4 P"]:
        """Samples the planes at positions measured from the centre."""
        inside = positions.float().nan_to_num(2.0).clamp(-2, 2)
        grid = unit_to_grid(inside[:, None] + 0.5, (self.planes.shape[-2], self.planes.shape[-1]))
        return warp(self.planes.unsqueeze(2), grid.unsqueeze(1)).flatten(2)


def refine_homography(
    matrix: Float[Tensor, "N 3 3"], target: GradientImage, ref: GradientImage, num_steps: int = NUM_STEPS
) -> Float[Tensor, "N 3 3"]:
    """Refines homographies so that known pixels agree best.

    A homography is returned unchanged if its refinement agrees less well or moves too far.

    Args:
        matrix: starting points, correct to about 2 px (convention: :mod:`master_thesis.ops.homography`).
        target: N targets.
        ref: their references.
        num_steps: Gauss-Newton steps.
    """
    with full_precision(matrix.device):
        given = matrix.double()
        current, before = given, _Residual.of(given, target, ref)
        residual = before
        for _ in range(num_steps):
            last, current = current, current - residual.gauss_newton_step()
            residual = _Residual.of(current, target, ref)
            if bool((_apart(last, current) < ENOUGH).all()):
                break
        # False where anything is NaN.
        is_better = (residual.cost < before.cost) & (_apart(given, current) < LARGEST_MOVE)
        return torch.where(is_better.view(-1, 1, 1), current, given)


def _apart(one: Float[Tensor, "N 3 3"], other: Float[Tensor, "N 3 3"]) -> Float[Tensor, " N"]:
    """Largest distance between where homographies map the corners of the frame."""
    corners = torch.tensor(((-0.5, -0.5), (-0.5, 0.5), (0.5, -0.5), (0.5, 0.5)), device=one.device).unsqueeze(0)
    return (apply_homography(one, corners) - apply_homography(other, corners)).norm(dim=-1).amax(dim=1)


def photometric_error(matrix: Float[Tensor, "N 3 3"], target: GradientImage, ref: GradientImage) -> Float[Tensor, " N"]:
    """Robust difference of known pixels under homographies, in [0, 1]; 1 where they hardly overlap.

    The arguments are those of :func:`refine_homography`.
    """
    with full_precision(matrix.device):
        residual = _Residual.of(matrix.double(), target, ref)
        overlap = (residual.weights > 0).float().mean(dim=1)
        return torch.where(overlap < MIN_OVERLAP, 1.0, residual.cost.nan_to_num(1.0))


@dataclass(frozen=True)
class _Residual:
    """Differences under a homography, and what they follow from."""

    images: Float[Tensor, "N P 2"]
    depth: Float[Tensor, "N P"]
    slopes: Float[Tensor, "N 2 P"]
    grey: Float[Tensor, "N P"]
    points: Float[Tensor, "1 P 2"]
    difference: Float[Tensor, "N P"]
    weights: Float[Tensor, "N P"]
    cost: Float[Tensor, " N"]

    @staticmethod
    def of(matrix: Tensor, target: GradientImage, ref: GradientImage) -> _Residual:
        points = target.points
        images = apply_homography(matrix, points)
        depth = (points @ matrix[:, 2, :2].unsqueeze(-1) + 1).squeeze(-1).float()
        seen, shown = ref.at(images), target.sampled
        valid = (seen[:, 3] > 0.99).to(seen) * shown[:, 3]
        difference = seen[:, 0] - shown[:, 0]
        area = valid.sum(dim=1, keepdim=True) + 1e-6
        offset = (difference * valid).sum(dim=1, keepdim=True) / area
        closeness = 1 / (1 + ((difference - offset) / ROBUST_SCALE) ** 2)
        cost = ((1 - closeness) * valid).sum(dim=1) / area[:, 0]
        slopes = (seen[:, 1:3] + shown[:, 1:3]) / 2
        return _Residual(images, depth, slopes, seen[:, 0], points, difference, valid * closeness**2, cost)

    @property
    def jacobian(self) -> Float[Tensor, "N 10 P"]:
        """Derivatives of the differences by the entries of the homography, a gain and an offset."""
        dx, dy = (self.slopes / self.depth.unsqueeze(1)).unbind(dim=1)
        (x, y), (u, v) = self.points.float().unbind(dim=-1), self.images.float().unbind(dim=-1)
        along = -(dx * u + dy * v)
        rows = (dx * x, dx * y, dx, dy * x, dy * y, dy, along * x, along * y, self.grey - 0.5, torch.ones_like(dx))
        return torch.stack(rows, dim=1)

    def gauss_newton_step(self) -> Float[Tensor, "N 3 3"]:
        """The decrement of the matrix in one Gauss-Newton step."""
        jacobian = self.jacobian
        weighted = jacobian * self.weights.unsqueeze(1)
        normal = (weighted @ jacobian.mT).double()
        right = (weighted @ self.difference.unsqueeze(-1)).double()
        damping = normal.diagonal(dim1=1, dim2=2) * DAMPING + RIDGE
        # Never raises: NaN shows in the cost.
        step = torch.linalg.solve_ex(normal + torch.diag_embed(damping), right).result.squeeze(-1)
        return F.pad(step[:, :8], (0, 1)).unflatten(-1, (3, 3))


@lru_cache(maxsize=4)
def _every(stride: int, height: int, width: int) -> Float[np.ndarray, "1 P 2"]:
    """The centres of every so many pixels of rows and columns; not to be written to."""
    points = centred_points(height, width).view(1, height, width, 2)
    return np.ascontiguousarray(points[:, ::stride, ::stride].flatten(1, 2).numpy())


def _blur(planes: Float[Tensor, "N 1 h w"]) -> Float[Tensor, "N 1 h w"]:
    kernel = torch.tensor(BLUR).to(planes)
    return F.conv2d(F.pad(planes, (2, 2, 2, 2), mode="replicate"), (kernel[:, None] * kernel).view(1, 1, 5, 5))
