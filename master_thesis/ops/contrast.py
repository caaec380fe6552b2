"""Lowers the contrast of what was painted into a hole to what surrounds the hole.

A structure that was taken from elsewhere stands out where its surroundings are plain, and patches that meet add detail
of their own. So the picture is split into bands from fine to coarse, and each band is damped in the hole where it is
stronger than around it. Detail is kept, because its absence shows as fog; coarse colours that are invented err, and are
mixed with a smooth guess, the more the coarser they are.

Source: bands whose contrast is matched are those of Sunkavalli et al., Multi-scale Image Harmonization, 2010.
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from jaxtyping import Bool, Float

from master_thesis.ops.mask import widen_window, window_of
from master_thesis.ops.membrane import membrane

SCALES_PX = (1, 2, 4, 8, 16)
"""Blurs between which the bands lie."""
SMALL_SIGMA, LEFT_SIGMA = 2, 1.94
"""Blur of wide ones at the size at which they are computed, and what reducing and enlarging leave of it to do."""
SMOOTH_SHARES = (0.0, 0.0, 0.1, 0.3, 0.5, 0.8)
"""Share of the smooth guess in each band, and in what is coarser."""
REACH_PX = 64
"""How far the surroundings reach that a hole is compared with: as far as the coarsest blur."""
CELL, WINDOW = 2, 3
"""Contrast is averaged in cells, whose side is given in blurs of its band, and blurred by so many cells. In smaller
windows it varies by chance, and what is only ever damped becomes too soft."""
LEAST_SHARE = 0.02
"""Share of a window that must be known for its contrast to count."""


def limit_contrast(
    picture: Float[np.ndarray, "H W 3"],
    hole: Bool[np.ndarray, "H W"],
    smooth: Float[np.ndarray, "H W 3"],
) -> Float[np.ndarray, "H W 3"]:
    """Damps the bands of a hole that are stronger than those around it; pixels outside the hole stay as they are.

    Args:
        picture: RGB, the hole painted.
        hole: what was painted.
        smooth: a guess of the coarse colours of the hole, which meets the rest.
    """
    window = window_of(hole)
    if window is None or hole.all():
        return picture
    place, result = widen_window(window, REACH_PX, hole.shape), picture.copy()
    part, inside = picture[place].astype(np.float32), hole[place]
    limited = _limited(part, inside, np.where(inside[..., None], smooth[place].astype(np.float32), part))
    result[place] = np.where(inside[..., None], limited, picture[place])
    return result


def _limited(
    picture: Float[np.ndarray, "H W 3"], hole: Bool[np.ndarray, "H W"], guess: Float[np.ndarray, "H W 3"]
) -> Float[np.ndarray, "H W 3"]:
    depth, away = (cv2.distanceTransform(m.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5) for m in (hole, ~hole))
    bands, smooth = _bands(picture), _bands(guess)
    result = np.zeros_like(picture)
    for scale, share, band, even in zip((*SCALES_PX, SCALES_PX[-1]), SMOOTH_SHARES, bands, smooth, strict=True):
        gain = 1 if band is bands[-1] else _gain(band, hole, away > scale, scale)[..., None]
        # A band reaches as far as its blur, so that it is whole at the border.
        fade = (depth / (2 * scale)).clip(0, 1)[..., None]
        result += band + fade * ((1 - share) * gain * band + share * even - band)
    return result


def _bands(picture: Float[np.ndarray, "H W 3"]) -> list[Float[np.ndarray, "H W 3"]]:
    """Splits a picture into bands, from fine to coarse; the last one is what is left."""
    blurred = [picture, *(_blurred(picture, scale) for scale in SCALES_PX)]
    return [*(fine - coarse for fine, coarse in pairwise(blurred)), blurred[-1]]


def _blurred(picture: Float[np.ndarray, "H W 3"], sigma: int) -> Float[np.ndarray, "H W 3"]:
    """A Gaussian blur; a wide one is computed at a reduced size, where it takes a fraction of the time."""
    height, width = picture.shape[:2]
    step = max(sigma // SMALL_SIGMA, 1)
    if step == 1:
        return cv2.GaussianBlur(picture, (0, 0), sigma)
    size = max(round(width / step), 1), max(round(height / step), 1)
    small = cv2.GaussianBlur(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), (0, 0), LEFT_SIGMA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def _gain(
    band: Float[np.ndarray, "H W 3"], hole: Bool[np.ndarray, "H W"], away: Bool[np.ndarray, "H W"], scale: int
) -> Float[np.ndarray, "H W"]:
    """By what to multiply a band in a hole, in [0, 1], so that it is no stronger than away from the hole."""
    around, is_known = _energy(band, away, scale)
    if not is_known.any():
        return np.ones(hole.shape, np.float32)
    expected, painted = membrane(around, is_known).mean(axis=-1), _energy(band, hole, scale)[0].mean(axis=-1)
    gain = np.sqrt(expected.clip(0) / (painted + 1e-3)).clip(0, 1)
    return cv2.resize(gain, hole.shape[::-1], interpolation=cv2.INTER_LINEAR)


def _energy(
    band: Float[np.ndarray, "H W 3"], where: Bool[np.ndarray, "H W"], scale: int
) -> tuple[Float[np.ndarray, "h w 3"], Bool[np.ndarray, "h w"]]:
    """The mean square of a band in cells of a part of it, with those around, and where there is any."""
    size = tuple(max(side // (CELL * scale), 1) for side in where.shape[::-1])
    squares = cv2.copyTo(cv2.multiply(band, band), where.view(np.uint8))
    planes = cv2.merge((*cv2.split(squares), where.astype(np.float32)))
    means = cv2.GaussianBlur(cv2.resize(planes, size, interpolation=cv2.INTER_AREA), (0, 0), WINDOW)
    return means[..., :3] / (means[..., 3:] + 1e-6), means[..., 3] > LEAST_SHARE
