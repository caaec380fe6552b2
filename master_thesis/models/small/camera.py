"""What the camera did between two frames: one homography, found coarsely in two ways and then to a fraction of a pixel.

A learned affine fit and matched SIFT features begin; whichever makes the known pixels agree better is refined on the
pictures themselves. Far references need the features: a network's look-ups do not reach that far.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from master_thesis.models.classical.homography import global_motion
from master_thesis.ops.homography import centred, from_pixels
from master_thesis.ops.image import resize, resize_mask
from master_thesis.ops.lucas_kanade import Picture, disagreement, refine_homography

FEATURE_SIDE_PX = 480
"""Features are sought in pictures whose longer side is at most this long."""
NUM_FINE_STEPS = 2


@dataclass(frozen=True)
class Shown:
    """Frames and where they are known.

    Attributes:
        colours: RGB in [0, 1].
        visible: 1 = known; between 0 and 1 where pixels were averaged.
    """

    colours: Float[Tensor, "N 3 H W"]
    visible: Float[Tensor, "N 1 H W"]

    def resized(self, height: int, width: int) -> Shown:
        """At another size; what was known stays known or not."""
        visible = 1 - resize_mask(1 - self.visible.unsqueeze(2), height, width)
        return Shown(resize(self.colours.unsqueeze(2), height, width)[:, :, 0], visible[:, :, 0])

    def pooled(self, step: int) -> Shown:
        """Averaged over what is known of squares of ``step`` pixels; black where that is nothing."""
        share = F.avg_pool2d(self.visible, step)
        return Shown(F.avg_pool2d(self.colours * self.visible, step) / (share + 1e-6), share)


@torch.no_grad()
def camera_motion(
    learned: Float[Tensor, "N 3 3"], small: tuple[Shown, Shown], full: tuple[Shown, Shown]
) -> Float[Tensor, "N 3 3"]:
    """The homography of each pair (convention: :mod:`master_thesis.ops.homography`); no gradient flows through it.

    Args:
        learned: affine maps of the unit square, target to reference, to begin with.
        small: targets and references, reduced.
        full: both as they are: a homography is as precise as the pictures that it is found in.
    """
    found = centred(learned), feature_motion(*full)
    target, ref = (Picture.of(side.colours, side.visible) for side in small)
    fits = torch.stack([disagreement(matrix, target, ref) for matrix in found])
    best = torch.stack(found)[fits.argmin(dim=0), torch.arange(len(learned), device=learned.device)]
    nearly = refine_homography(best, target, ref)
    target, ref = (Picture.of(side.colours, side.visible) for side in full)
    return refine_homography(nearly, target, ref, NUM_FINE_STEPS)


def feature_motion(target: Shown, ref: Shown) -> Float[Tensor, "N 3 3"]:
    """The homography that matched features outside the holes agree on; on the CPU, one pair after the other."""
    known = zip(_grey(target), _known(target), _grey(ref), _known(ref), strict=True)
    motions = np.stack([global_motion(*pair) for pair in known])
    height, width = _grey_size(target)
    matrix = from_pixels(torch.from_numpy(motions).to(target.colours.device), height, width)
    is_finite = torch.isfinite(matrix).all(dim=(1, 2))
    return torch.where(is_finite.view(-1, 1, 1), matrix, torch.eye(3, dtype=matrix.dtype, device=matrix.device))


def _grey_size(shown: Shown) -> tuple[int, int]:
    h, w = shown.colours.shape[-2:]
    share = min(1.0, FEATURE_SIDE_PX / max(h, w))
    return max(round(h * share), 1), max(round(w * share), 1)


def _grey(shown: Shown) -> list[UInt8[np.ndarray, "h w"]]:
    size = _grey_size(shown)[::-1]
    frames = (shown.colours * 255).round().clamp(0, 255).byte().permute(0, 2, 3, 1).cpu().numpy()
    return [cv2.resize(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA) for frame in frames]


def _known(shown: Shown) -> list[Bool[np.ndarray, "h w"]]:
    size = _grey_size(shown)[::-1]
    visible = shown.visible[:, 0].float().cpu().numpy()
    return [cv2.resize(v, size, interpolation=cv2.INTER_AREA) > 0.99 for v in visible]
