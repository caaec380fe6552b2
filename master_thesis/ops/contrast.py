"""Lowers the contrast of what was painted into a hole to what surrounds the hole.

A structure that was taken from elsewhere stands out where its surroundings are plain, and patches that meet add detail
of their own. So the picture is split into bands from fine to coarse, and each band is damped in the hole where it is
stronger than around it.

Source: bands whose contrast is matched are those of Sunkavalli et al., Multi-scale Image Harmonization, 2010.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float

from master_thesis.ops.membrane import membrane

SCALES_PX = (1, 2, 4, 8, 16)
"""Blurs between which the bands lie; what is coarser than the last one stays."""
SHARE = 0.9
"""Of the contrast around a hole that a band may have: a texture that is not the true one errs less with a little less,
and patches that meet make it sharper than it was."""
LEAST_SHARE = 0.02
"""Share of a window that must be known for its contrast to count."""


def limit_contrast(picture: Float[np.ndarray, "H W 3"], hole: Bool[np.ndarray, "H W"]) -> Float[np.ndarray, "H W 3"]:
    """Damps the bands of a hole that are stronger than those around it; pixels outside the hole stay as they are.

    Args:
        picture: RGB, the hole painted.
        hole: what was painted.
    """
    depth = cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    original = picture.astype(np.float32)
    blurred = [original, *(np.asarray(cv2.GaussianBlur(original, (0, 0), s), np.float32) for s in SCALES_PX)]
    result = blurred[-1].copy()
    for scale, fine, coarse in zip(SCALES_PX, blurred[:-1], blurred[1:], strict=True):
        band = fine - coarse
        # A band reaches as far as its blur, so that it is whole at the border.
        fade = (depth / (2 * scale)).clip(0, 1)
        result += band * (1 + fade * (_gain(band, hole, scale) - 1))[..., None]
    return np.where(hole[..., None], result, picture)


def _gain(band: Float[np.ndarray, "H W 3"], hole: Bool[np.ndarray, "H W"], scale: int) -> Float[np.ndarray, "H W"]:
    """By what to multiply a band, in [0, 1]."""
    away = cv2.distanceTransform((~hole).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5) > scale
    around, is_known = _energy(band, away, scale)
    if not is_known.any():
        return np.ones(hole.shape, np.float32)
    expected, painted = membrane(around, is_known).mean(axis=-1), _energy(band, hole, scale)[0].mean(axis=-1)
    gain = (SHARE * np.sqrt(expected.clip(0) / (painted + 1e-3))).clip(0, 1)
    return cv2.resize(gain, hole.shape[::-1], interpolation=cv2.INTER_LINEAR)


def _energy(
    band: Float[np.ndarray, "H W 3"], where: Bool[np.ndarray, "H W"], scale: int
) -> tuple[Float[np.ndarray, "h w 3"], Bool[np.ndarray, "h w"]]:
    """The mean square of a band in windows of a part of it, reduced by the scale, and where there is any."""
    size = tuple(max(side // scale, 1) for side in where.shape[::-1])
    planes = np.dstack((band**2 * where[..., None], where)).astype(np.float32)
    means = cv2.GaussianBlur(cv2.resize(planes, size, interpolation=cv2.INTER_AREA), (0, 0), 2)
    return means[..., :3] / (means[..., 3:] + 1e-6), means[..., 3] > LEAST_SHARE
