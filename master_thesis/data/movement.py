"""Simulates camera movement as chains of random affine steps, so that the true movement is known.

Convention:
    Matrices act on column vectors (x, y, 1). They map points of the target to the same scene points of a frame, both
    in the unit square: (0, 0) and (1, 1) are the outer corners of the image.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float64

MovementParams = tuple[int | float, float, float]
"""Bounds of a step: translation in px, relative change of scale, rotation in rad."""


def random_step(rng: np.random.Generator, params: MovementParams) -> Float64[np.ndarray, "3 3"]:
    """Draws an affine map in pixels about the top-left corner: scale, then rotation, then translation.

    Args:
        rng: source of randomness.
        params: bounds p of the translation (integers from [-p, p), in px), of the change of scale (per axis) and of the
            rotation (in rad).
    """
    max_shift, max_scale, max_angle = params
    bound = round(max_shift)
    shift = rng.integers(-bound, bound, size=2) if bound else np.zeros(2)
    scale = rng.uniform(1 - max_scale, 1 + max_scale, size=2)
    angle = rng.uniform(-max_angle, max_angle)
    cos, sin = math.cos(angle), math.sin(angle)
    return np.array([
        [cos * scale[0], -sin * scale[1], shift[0]],
        [sin * scale[0], cos * scale[1], shift[1]],
        [0.0, 0.0, 1.0],
    ])  # fmt: skip


def random_movement(
    rng: np.random.Generator, frames_n: int, params: MovementParams, size_px: tuple[int, int]
) -> Float64[np.ndarray, "F 3 3"]:
    """Draws the movement of every frame of a clip: steps chained outwards from the target, which does not move.

    Args:
        rng: source of randomness.
        frames_n: number of frames in the clip.
        params: bounds of a step, see :func:`random_step`.
        size_px: height and width of the frame whose pixels are the unit of the steps.
    """
    to_px = np.diag([size_px[1], size_px[0], 1.0])
    to_unit = np.diag([1 / size_px[1], 1 / size_px[0], 1.0])
    middle = frames_n // 2
    movement = np.tile(np.eye(3), (frames_n, 1, 1))
    for side in (range(middle + 1, frames_n), range(middle - 1, -1, -1)):
        total = np.eye(3)
        for f in side:
            total = random_step(rng, params) @ total
            movement[f] = to_unit @ total @ to_px
    return movement
