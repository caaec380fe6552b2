"""Evidence that a pixel in a box belongs to the object: its place, its colour, how it moves and what it looks like.

All four are log-odds, which add up. Colours, movements and looks are compared with the surroundings of the box, which
are certainly background, and with what has been found in the box so far.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from master_thesis.models.classical.flow import dense_flow

PLACES = np.array(
    [
        *((0.08, 0.19, 0.29, 0.35), (0.19, 0.38, 0.50, 0.51), (0.27, 0.48, 0.56, 0.56), (0.30, 0.50, 0.58, 0.58)),
        *((0.31, 0.50, 0.54, 0.55), (0.26, 0.46, 0.49, 0.49), (0.23, 0.40, 0.42, 0.41), (0.19, 0.31, 0.32, 0.32)),
    ],
    np.float32,
)
"""How often objects cover the parts of the left half of their box, from top to bottom: the mean of 378 silhouettes."""
PLACE_WEIGHT, COLOUR_WEIGHT = 1.5, 0.5
"""Of log-odds; movement and looks have 1. Colours say much of what looks say, too."""
ROUNDS = 3
COLOUR_BINS, COLOUR_BLUR = (16, 24, 24), 1.2
"""Bins of lightness and of both colour axes, of which the middle half of the range counts."""
RARE_COLOUR = 1e-5
MOTION_BINS, MIN_LOG, MAX_LOG = 24, -1.2, 3.0
LOOK_BINS, LOOK_RANGE = 24, (1, 99)
"""Number of bins, and the percentiles of what they hold."""
PLANE_BLUR, RARE_BIN = 1.5, 0.004
"""For movement and looks."""
DOUBTED = 0.7
"""Weight, as background, of pixels in the box that are not the object."""
EDGE_PX, EDGE_VARIANCE = 9, 1e-3
"""Window of the guided filter that fits the evidence to edges, and variance (of grey in [0, 1]) that is an edge."""
STEP_PX = 6
"""Distance of the pixels from which the movement of the surroundings is fitted."""
MIN_SAMPLES = 30
NEAR_SHARE, MIN_NEAR_PX = 1.0, 40
"""Width of these surroundings, as a share of the longer side of the box, and at least."""
STILL_PX = 0.25
"""Movement that is noise everywhere."""

Plane = Float[np.ndarray, "H W"]
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Scene:
    """A part of a frame with a box in it.

    Attributes:
        image: RGB.
        box: left, top, right and bottom.
        motion: how unlike the surroundings each pixel moves.
        look: how unlike them it looks.
        on: certainly the object.
        off: certainly background inside the box.
    """

    image: UInt8[np.ndarray, "H W 3"]
    box: Box
    motion: Plane
    look: Plane
    on: Bool[np.ndarray, "H W"]
    off: Bool[np.ndarray, "H W"]

    def probabilities(self) -> Plane:
        """The probability that a pixel is the object."""
        inside, place = _places(self.image.shape[:2], self.box)
        inside &= ~self.off
        features = (
            (COLOUR_WEIGHT, _colour_bins(self.image), COLOUR_BINS, COLOUR_BLUR, RARE_COLOUR),
            (1.0, _motion_bins(self.motion), (MOTION_BINS,), PLANE_BLUR, RARE_BIN),
            (1.0, _look_bins(self.look), (LOOK_BINS,), PLANE_BLUR, RARE_BIN),
        )
        grey = cv2.cvtColor(self.image, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
        found = np.where(self.on, 1, place * inside)
        for _ in range(ROUNDS):
            beside = np.where(inside, DOUBTED * (1 - found), 1)
            odds = PLACE_WEIGHT * np.log(place / (1 - place))
            for weight, bins, shape, blur, rare in features:
                odds = odds + weight * _odds(bins, shape, (found, beside), blur, rare)
            smooth = guided(grey, odds.astype(np.float32)).clip(-20, 20)
            found = np.where(self.on, 1, inside / (1 + np.exp(-smooth)))
        return found.astype(np.float32)


def motion_apart(frame: UInt8[np.ndarray, "H W 3"], others: Sequence[UInt8[np.ndarray, "H W 3"]], box: Box) -> Plane:
    """How unlike the surroundings of a box each pixel moves: the median over some neighbouring frames.

    The movement of the surroundings is an affine one; distances are in multiples of what it leaves unexplained there.
    """
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    flows = [dense_flow(grey, cv2.cvtColor(other, cv2.COLOR_RGB2GRAY)) for other in others]
    return np.median([_apart(flow, box) for flow in flows], axis=0).astype(np.float32)


def _apart(flow: Float[np.ndarray, "H W 2"], box: Box) -> Plane:
    (height, width), (left, top, right, bottom) = flow.shape[:2], box
    y, x = np.mgrid[:height, :width].astype(np.float32)
    planes = np.stack((np.ones_like(x), x / width - 0.5, y / height - 0.5), axis=-1)
    reach = max(NEAR_SHARE * max(right - left, bottom - top), MIN_NEAR_PX)
    distance = np.maximum(np.maximum(left - x, x - right), np.maximum(top - y, y - bottom))[::STEP_PX, ::STEP_PX]
    is_near = (distance > 2) & (distance < reach)
    is_near = is_near if is_near.sum() >= MIN_SAMPLES else distance > 2
    if is_near.sum() < MIN_SAMPLES:  # the box is the frame
        return np.zeros((height, width), np.float32)
    known, seen = planes[::STEP_PX, ::STEP_PX][is_near], flow[::STEP_PX, ::STEP_PX][is_near]
    weights = np.ones((len(known), 1), np.float32)
    for _ in range(8):
        camera = np.linalg.lstsq(known * weights, seen * weights, rcond=None)[0]
        error = np.linalg.norm(seen - known @ camera, axis=1)
        noise = float(np.median(error)) + 0.05
        weights = 1 / (1 + (error[:, None] / (1.5 * noise)) ** 2)
    return np.linalg.norm(flow - planes @ camera, axis=-1) / (noise + STILL_PX)


def _places(size: tuple[int, int], box: Box) -> tuple[Bool[np.ndarray, "H W"], Plane]:
    """What lies inside a box, and how likely an object covers each place."""
    left, top, right, bottom = box
    y, x = np.mgrid[: size[0], : size[1]] + 0.5
    u, v = (x - left) / (right - left), (y - top) / (bottom - top)
    table = np.hstack((PLACES, PLACES[:, ::-1]))
    positions = [(8 * part - 0.5).clip(0, 7).astype(np.float32) for part in (u, v)]
    inside = (u >= 0) & (u < 1) & (v >= 0) & (v < 1)
    return inside, cv2.remap(table, positions[0], positions[1], cv2.INTER_LINEAR).astype(np.float64)


def _colour_bins(image: UInt8[np.ndarray, "H W 3"]) -> Int[np.ndarray, "H W"]:
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB).astype(np.float32) / 256
    lab[..., 1:] = 2 * lab[..., 1:] - 0.5
    parts = [(lab[..., i] * n).astype(int).clip(0, n - 1) for i, n in enumerate(COLOUR_BINS)]
    return np.ravel_multi_index(tuple(parts), COLOUR_BINS)


def _motion_bins(motion: Plane) -> Int[np.ndarray, "H W"]:
    share = (np.log(motion + 0.3) - MIN_LOG) / (MAX_LOG - MIN_LOG)
    return (share * MOTION_BINS).astype(int).clip(0, MOTION_BINS - 1)


def _look_bins(look: Plane) -> Int[np.ndarray, "H W"]:
    low, high = np.percentile(look, LOOK_RANGE)
    return (LOOK_BINS * (look - low) / max(high - low, 1e-6)).astype(int).clip(0, LOOK_BINS - 1)


def _odds(
    bins: Int[np.ndarray, "H W"], shape: tuple[int, ...], weights: tuple[np.ndarray, ...], blur: float, rare: float
) -> Plane:
    """Log-odds of every bin between the object and the background, at the pixels."""
    shares = []
    for weight in weights:
        counts = np.bincount(bins.ravel(), weight.ravel(), int(np.prod(shape))).reshape(shape)
        for axis in range(len(shape)):
            counts = _blurred(counts, axis, blur)
        shares.append(counts / max(counts.sum(), 1e-9) + rare)
    return np.log(shares[0] / shares[1]).ravel()[bins]


def _blurred(counts: np.ndarray, axis: int, scale: float) -> np.ndarray:
    """Blurs a histogram along one axis."""
    lines = np.moveaxis(counts, axis, 0)
    reach = int(3 * scale)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / scale) ** 2)
    padded = np.pad(lines, [(reach, reach)] + [(0, 0)] * (lines.ndim - 1), mode="edge")
    total = sum(k * padded[i : i + len(lines)] for i, k in enumerate(kernel / kernel.sum()))
    return np.moveaxis(np.asarray(total), 0, axis)


def guided(guide: Plane, plane: Plane) -> Plane:
    """Fits a plane to the edges of another one (the guided filter of He et al., 2010)."""

    def mean(x: np.ndarray) -> np.ndarray:
        return cv2.boxFilter(x, -1, (EDGE_PX, EDGE_PX))

    middle, level = mean(guide), mean(plane)
    slope = (mean(guide * plane) - middle * level) / (mean(guide * guide) - middle**2 + EDGE_VARIANCE)
    return mean(slope) * guide + mean(level - slope * middle)
