"""Draws the moving silhouettes of the built-in data, a walker and a blob, with smooth edges."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32

_WALKER_HEADS = 8.0
_BLOB_POINTS = 180
_SUBPIXEL_BITS = 4


@dataclass(frozen=True)
class Pose:
    """The state of a silhouette in one frame.

    Attributes:
        centre_px: its centre, x first.
        height_px: its height.
        phase: the phase of its own movement, in rad.
    """

    centre_px: tuple[float, float]
    height_px: float
    phase: float


def walker(size: tuple[int, int], pose: Pose) -> Float32[np.ndarray, "H W"]:
    """Draws the coverage, in [0, 1], of a walking figure: head, trunk, swinging arms and legs, each a capsule."""
    head = pose.height_px / _WALKER_HEADS
    swing = 0.5 * math.sin(pose.phase)
    neck, hip, hand, foot = (0.0, -2.3), (0.0, 0.3), 2.6, 3.3
    parts = [((0.0, -3.35), (0.0, -3.35), 0.62), (neck, hip, 0.85)]
    for side in (-1, 1):
        leg, arm = side * swing, -side * 0.9 * swing
        parts.append((hip, (foot * math.sin(leg), hip[1] + foot * math.cos(leg)), 0.42))
        parts.append((neck, (hand * math.sin(arm), neck[1] + hand * math.cos(arm)), 0.32))
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    x, y = (x - pose.centre_px[0]) / head, (y - pose.centre_px[1]) / head
    distance = np.min([_distance_to_capsule(x, y, *part) for part in parts], axis=0)
    return np.clip(0.5 - distance * head, 0, 1).astype(np.float32)


def _distance_to_capsule(
    x: np.ndarray, y: np.ndarray, start: tuple[float, float], end: tuple[float, float], radius: float
) -> np.ndarray:
    """Signed distance to the capsule of all points within ``radius`` of a line segment."""
    along_x, along_y = end[0] - start[0], end[1] - start[1]
    squared = along_x**2 + along_y**2
    share = np.clip(((x - start[0]) * along_x + (y - start[1]) * along_y) / squared, 0, 1) if squared else 0
    return np.hypot(x - start[0] - share * along_x, y - start[1] - share * along_y) - radius


def blob(size: tuple[int, int], pose: Pose) -> Float32[np.ndarray, "H W"]:
    """Draws the coverage, in [0, 1], of a closed smooth curve around which waves run."""
    angle = np.linspace(0, 2 * math.pi, _BLOB_POINTS, endpoint=False)
    waves = [0.3 / k * np.cos(k * angle + (-1) ** k * pose.phase / k) for k in (2, 3, 5)]
    radius = 1 + np.sum(waves, axis=0)
    points = np.stack((np.cos(angle), np.sin(angle)), axis=-1) * (radius * pose.height_px / 2)[:, None]
    fixed = np.round((points + pose.centre_px) * 2**_SUBPIXEL_BITS).astype(np.int32)
    canvas = np.zeros(size, np.uint8)
    cv2.fillPoly(canvas, [fixed], 255, lineType=cv2.LINE_AA, shift=_SUBPIXEL_BITS)
    return canvas.astype(np.float32) / 255
