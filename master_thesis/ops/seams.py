"""Removes the steps where a picture was put together from parts, in the gradient domain.

A step between two parts is a seam as far as it exceeds what neighbouring pixels differ by nearby. The excess is taken
away at the seam and fades out into the parts as smoothly as it can; known pixels do not change.

Source: Perez et al., Poisson image editing, 2003; Agarwala et al., Interactive Digital Photomontage, 2004.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int

from master_thesis.ops.membrane import halved

LARGEST_STEP = 40.0
"""Larger steps, in grey levels, are edges of the scene, not seams."""
TEXTURE_SHARE = 1.5
"""Multiple of the usual difference of neighbours that is no seam. With 1, holes before texture get smoother borders
than the truth has; with 2, seams before plain ground can be seen."""
TEXTURE_PX = 4.0
"""Extent over which differences of neighbours are averaged."""
CYCLES, VISITS, RELAXATIONS, DAMPING = 3, 2, 3, 0.8
"""Of the multigrid solver: an error of a tenth in 3 cycles at worst, deep inside."""
LEAST_SHARE = 0.6
"""Share of a reduced pixel that must be free to change."""
LEAST_SIDE = 4
LAPLACE = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]], np.float32)


def without_seams(
    picture: Float[np.ndarray, "H W 3"],
    hole: Bool[np.ndarray, "H W"],
    part: Int[np.ndarray, "H W"],
    near: Bool[np.ndarray, "H W"],
) -> Float[np.ndarray, "H W 3"]:
    """A picture whose parts meet without a step.

    Args:
        picture: RGB in [0, 255].
        hole: the pixels that may change.
        part: the same number where pixels belong together; outside the hole they all do, whatever it is.
        near: steps from or to these pixels may be seams.
    """
    part = np.where(hole, part, np.iinfo(np.int32).min)
    steps = [picture[:, 1:] - picture[:, :-1], picture[1:] - picture[:-1]]
    borders = [part[:, 1:] != part[:, :-1], part[1:] != part[:-1]]
    seams = [borders[0] & (near[:, 1:] | near[:, :-1]), borders[1] & (near[1:] | near[:-1])]
    if not any(seam.any() for seam in seams):
        return picture
    usual = _usual(steps, borders)
    right, down = _excess(steps[0], seams[0], usual[:, 1:]), _excess(steps[1], seams[1], usual[1:])
    pull = np.zeros_like(picture, dtype=np.float32)
    pull[:, :-1] += right
    pull[:, 1:] -= right
    pull[:-1] += down
    pull[1:] -= down
    return picture + _solved(pull, hole)


def _usual(
    steps: Sequence[Float[np.ndarray, "_ _ 3"]], borders: Sequence[Bool[np.ndarray, "_ _"]]
) -> Float[np.ndarray, "H W"]:
    """The mean difference of neighbours of the same part, around each pixel."""
    sums = np.zeros((borders[0].shape[0], borders[1].shape[1], 2), np.float32)
    for step, border, ends in zip(steps, borders, (sums[:, 1:], sums[1:]), strict=True):
        ends += np.dstack((np.abs(step).mean(axis=-1) * ~border, ~border))
    total, count = cv2.split(cv2.GaussianBlur(sums, (0, 0), TEXTURE_PX))
    return total / (count + 1e-6)


def _excess(
    step: Float[np.ndarray, "_ _ 3"], seam: Bool[np.ndarray, "_ _"], usual: Float[np.ndarray, "_ _"]
) -> Float[np.ndarray, "_ _ 3"]:
    """What steps have beyond what is usual; 0 where there is no seam."""
    size = np.abs(step).max(axis=-1)
    share = (1 - TEXTURE_SHARE * usual / (size + 1e-6)).clip(0)
    return step * np.where(seam & (size < LARGEST_STEP), share, 0)[..., None]


def _solved(pull: Float[np.ndarray, "H W 3"], hole: Bool[np.ndarray, "H W"]) -> Float[np.ndarray, "H W 3"]:
    """Solves 4 u - (sum of the neighbours) = pull inside the hole, with u = 0 outside."""
    # One plane per colour: NumPy takes several times as long where it has to repeat one.
    result, inside = np.zeros_like(pull), cv2.merge([hole.astype(np.float32)] * 3)
    for _ in range(CYCLES):
        result = _cycle(result, pull, inside)
    return result


def _cycle(
    value: Float[np.ndarray, "H W 3"], pull: Float[np.ndarray, "H W 3"], inside: Float[np.ndarray, "H W 3"]
) -> Float[np.ndarray, "H W 3"]:
    """One W-cycle of multigrid."""
    value = _relaxed(value, pull, inside)
    height, width = inside.shape[:2]
    if min(height, width) > LEAST_SIDE:
        core = (halved(inside) > LEAST_SHARE).astype(np.float32)
        coarse = 4 * halved(_residual(value, pull, inside)) * core
        added = np.zeros_like(coarse)
        for _ in range(VISITS):
            added = _cycle(added, coarse, core)
        large = cv2.resize(added, (2 * added.shape[1], 2 * added.shape[0]), interpolation=cv2.INTER_LINEAR)
        value = value + large[:height, :width] * inside
    return _relaxed(value, pull, inside)


def _relaxed(value: np.ndarray, pull: np.ndarray, inside: np.ndarray) -> np.ndarray:
    for _ in range(RELAXATIONS):
        value = cv2.scaleAdd(_residual(value, pull, inside), DAMPING / 4, value)
    return value


def _residual(value: np.ndarray, pull: np.ndarray, inside: np.ndarray) -> np.ndarray:
    around = cv2.filter2D(value, -1, LAPLACE, borderType=cv2.BORDER_REPLICATE)
    around += pull
    around *= inside
    return around
