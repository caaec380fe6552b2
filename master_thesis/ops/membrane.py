"""Differences along the border of a hole, averaged along it and continued into the hole like a membrane.

Added to copied colours, they meet the surroundings without a step: a gradient-domain blend, guided by the copy
and fixed at the border.

Source: Perez et al., Poisson image editing, 2003.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float

from master_thesis.ops.push_pull import push_pull

SIGMA_PX = 6.0
"""Blur of differences along the border, so that noise and texture do not count."""
MAX_SIDE = 256
"""A membrane is smooth, so it is computed at most at this size."""
RELAXATIONS = 8
LEAST_SHARE = 0.02
"""Share of a reduced pixel that must be known for it to be."""


def along_border(
    difference: Float[np.ndarray, "H W 3"], where: Bool[np.ndarray, "H W"] | Float[np.ndarray, "H W"]
) -> Float[np.ndarray, "H W 3"]:
    """Averages differences along the pixels where they are known, or by weight; 0 elsewhere."""
    weights = where.astype(np.float32)
    blurred = blur(np.dstack((difference * weights[..., None], weights)))
    return np.where(where[..., None] > 0, blurred[..., :3] / (blurred[..., 3:] + 1e-6), 0)


def blur(signal: Float[np.ndarray, "H W *C"]) -> Float[np.ndarray, "H W *C"]:
    """Averages along borders, at half the size, which is as good and takes a quarter of the time."""
    height, width = signal.shape[:2]
    size = (max(width // 2, 1), max(height // 2, 1))
    small = cv2.GaussianBlur(cv2.resize(signal, size, interpolation=cv2.INTER_AREA), (0, 0), SIGMA_PX / 2)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def membrane(values: Float[np.ndarray, "H W 3"], where: Bool[np.ndarray, "H W"]) -> Float[np.ndarray, "H W 3"]:
    """Continues values from where they are known to everywhere."""
    height, width = where.shape
    factor = max(height / MAX_SIDE, width / MAX_SIDE, 1)
    size = (max(round(width / factor), 1), max(round(height / factor), 1))
    weights = where.astype(np.float32)
    signal = cv2.resize(np.dstack((values * weights[..., None], weights)), size, interpolation=cv2.INTER_AREA)
    share = signal[..., 3:]
    planes = torch.from_numpy(np.ascontiguousarray((signal[..., :3] / (share + 1e-6)).transpose(2, 0, 1)))[None]
    known = torch.from_numpy(np.ascontiguousarray((share > LEAST_SHARE).transpose(2, 0, 1)))[None].float()
    smooth = push_pull(planes.float(), known, RELAXATIONS)[0].permute(1, 2, 0).numpy()
    return cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR)
