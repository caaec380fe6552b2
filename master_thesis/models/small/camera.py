"""The camera's movement between two frames: one homography, found coarsely in two ways, then to a fraction of a pixel.

A learned affine fit and matched SIFT features provide two starting points; the one under which the known pixels agree
better is refined on the frames themselves. Far references need the features, as a network's search is too local.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from master_thesis.models.classical.homography import global_motion
from master_thesis.ops.homography import centred, from_pixels
from master_thesis.ops.image import to_bytes
from master_thesis.ops.lucas_kanade import GradientImage, photometric_error, refine_homography
from master_thesis.records import MaskedFrames

FEATURE_SIDE_PX = 480
"""Features are detected in frames whose longer side is at most this long."""
NUM_FINE_STEPS = 2
KNOWN = 0.99
"""Averaged visibility from which a reduced pixel counts as known."""


@dataclass(frozen=True)
class GreyFrames:
    """N grey frames in which features are detected, on the CPU."""

    grey: UInt8[Tensor, "N h w"]
    known: Bool[Tensor, "N h w"]

    @staticmethod
    @torch.no_grad()
    def of(frames: MaskedFrames) -> GreyFrames:
        """Reduces frames to at most ``FEATURE_SIDE_PX``."""
        h, w = frames.size
        share = min(1.0, FEATURE_SIDE_PX / max(h, w))
        size = (max(round(w * share), 1), max(round(h * share), 1))
        pictures = to_bytes(frames.colours).permute(0, 2, 3, 1).cpu().numpy()
        visible = frames.visible[:, 0].float().cpu().numpy()
        grey = [_reduce(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), size) for picture in pictures]
        known = [_reduce(v, size) > KNOWN for v in visible]
        return GreyFrames(torch.from_numpy(np.stack(grey)), torch.from_numpy(np.stack(known)))


@dataclass(frozen=True)
class CameraViews:
    """The same N frames at the sizes that the search works at.

    Attributes:
        grey: for features.
        half: reduced, for the choice and most of the refinement.
        full: as they are: a homography is as precise as the frames it is found in.
    """

    grey: GreyFrames
    half: MaskedFrames
    full: MaskedFrames


@torch.no_grad()
def camera_motion(learned: Float[Tensor, "N 3 3"], target: CameraViews, ref: CameraViews) -> Float[Tensor, "N 3 3"]:
    """The homography of each pair (convention: :mod:`master_thesis.ops.homography`), without gradient.

    Args:
        learned: affine maps of the unit square, target to reference: one of the two starting points.
        target: N targets.
        ref: their references.
    """
    starts = centred(learned), feature_motion(target.grey, ref.grey).to(learned.device)
    target_half, ref_half = _gradients(target.half), _gradients(ref.half)
    errors = torch.stack([photometric_error(matrix, target_half, ref_half) for matrix in starts])
    best = torch.stack(starts)[errors.argmin(dim=0), torch.arange(len(learned), device=learned.device)]
    refined = refine_homography(best, target_half, ref_half)
    return refine_homography(refined, _gradients(target.full), _gradients(ref.full), NUM_FINE_STEPS)


def feature_motion(target: GreyFrames, ref: GreyFrames) -> Float[Tensor, "N 3 3"]:
    """The homography that matched features outside the holes agree on; on the CPU, pair by pair."""
    rows = zip(*(plane.numpy() for plane in (target.grey, target.known, ref.grey, ref.known)), strict=True)
    motions = np.stack([global_motion(*row) for row in rows])
    height, width = target.grey.shape[-2:]
    matrix = from_pixels(torch.from_numpy(motions), height, width)
    is_finite = torch.isfinite(matrix).all(dim=(1, 2))
    return torch.where(is_finite.view(-1, 1, 1), matrix, torch.eye(3, dtype=matrix.dtype))


def _gradients(frames: MaskedFrames) -> GradientImage:
    return GradientImage.of(frames.colours, frames.visible)


def _reduce(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
