"""Dense optical flow, the trust in it, and its continuation into holes.

Convention:
    Pictures are arrays ``(H, W)`` and flows displacements in px ``(H, W, 2)``, x first, from a pixel of the first
    picture to its place in the second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from master_thesis.ops.pixels import warp_by_flow

SCALES_PX = (4.0, 16.0, 64.0)
"""Reach of the continuation into a hole: far pixels contribute only where there are no near ones."""
FAR_WEIGHT = 0.02
"""Weight of a scale relative to the next smaller one."""
PRIOR_WEIGHT = 1e-5
"""Weight of the homography in the continued flow where hardly anything is known."""
GREY_TOLERANCE = 12.0
"""Grey difference at which the trust in a known pixel is exp(-1/2)."""
ROUND_TRIP_TOLERANCE_PX = 1.0
"""Forward-backward distance at which the trust in a flow is exp(-1/2)."""
MIN_FLOW_SIDE = 16
"""Smallest side that DIS accepts (px)."""

TrustedFlow: TypeAlias = tuple[Float[np.ndarray, "H W 2"], Float[np.ndarray, "H W"]]
"""A flow, and the trust in it: 0 where either picture is a hole."""


@dataclass(frozen=True)
class FlowSearch:
    """How DIS looks for a flow; by default as in OpenCV's preset.

    Attributes:
        finest_scale: number of times that pictures are halved before the flow is measured, and enlarged.
        stride: distance of the patches that are looked for, in px.
        num_refinements: variational ones, at each scale.
        is_local: whether a start is corrected at this scale alone.
    """

    finest_scale: int = 1
    stride: int = 3
    num_refinements: int = 5
    is_local: bool = False


def both_flows(
    first: UInt8[np.ndarray, "H W"],
    known_first: Bool[np.ndarray, "H W"],
    second: UInt8[np.ndarray, "H W"],
    known_second: Bool[np.ndarray, "H W"],
    search: FlowSearch = FlowSearch(),
    starts: Sequence[Float[np.ndarray, "H W 2"] | None] = (None, None),
) -> tuple[TrustedFlow, TrustedFlow]:
    """The flow from one picture to the other, and the flow back (other arguments: see :func:`dense_flow`)."""
    # Each hole takes the colours of the other image, so that there is nothing to correct there.
    one, two = np.where(known_first, first, second), np.where(known_second, second, first)
    one[~known_first & ~known_second] = two[~known_first & ~known_second] = 0
    there, back = dense_flow(one, two, search, starts[0]), dense_flow(two, one, search, starts[1])
    sides = (one, known_first), (two, known_second)
    return (there, _trust(*sides, there, back)), (back, _trust(*sides[::-1], back, there))


def _trust(
    first: tuple[np.ndarray, np.ndarray], second: tuple[np.ndarray, np.ndarray], there: np.ndarray, back: np.ndarray
) -> Float[np.ndarray, "H W"]:
    """How well a flow explains a picture by the other one, and leads back to where it started."""
    (picture, known), (other, known_other) = first, second
    round_trip = there + warp_by_flow(back, there)
    difference = cv2.GaussianBlur(cv2.absdiff(picture, warp_by_flow(other, there)).astype(np.float32), (0, 0), 1.5)
    away_x, away_y = cv2.split(round_trip)
    exponent = (difference / GREY_TOLERANCE) ** 2 + (away_x**2 + away_y**2) / ROUND_TRIP_TOLERANCE_PX**2
    is_known = known & (warp_by_flow(known_other.astype(np.float32), there) > 0.99)
    return np.where(is_known, np.exp(-exponent / 2), 0).astype(np.float32)


def continue_flow(
    flow: Float[np.ndarray, "H W 2"], trust: Float[np.ndarray, "H W"]
) -> tuple[Float[np.ndarray, "H W 2"], Float[np.ndarray, "H W"]]:
    """Continues a flow and its trust from where they are known, by normalised convolution.

    Args:
        flow: displacements in px; arbitrary where ``trust`` is 0.
        trust: weight of each pixel, in [0, 1].

    Returns:
        The flow everywhere (kept where it is trusted, a weighted mean of the surroundings elsewhere, towards 0 where
        nothing is near) and its confidence in [0, 1].
    """
    known = (trust > 0).astype(np.float32)
    axes = cv2.split(flow)
    signal = cv2.merge((*(axis * trust for axis in axes), trust, known))
    total, factor = blur(signal, SCALES_PX[0]), FAR_WEIGHT
    for scale_px in SCALES_PX[1:]:
        total += factor * blur(signal, scale_px)
        factor *= FAR_WEIGHT
    *smooth, weight, support = cv2.split(total)
    kept = known * trust
    continued = [
        kept * axis + (1 - kept) * (near / (weight + PRIOR_WEIGHT)) for axis, near in zip(axes, smooth, strict=True)
    ]
    confidence = weight / (support + PRIOR_WEIGHT)
    return cv2.merge(continued), np.where(trust > 0, trust, confidence).clip(0, 1)


def dense_flow(
    first: UInt8[np.ndarray, "H W"],
    second: UInt8[np.ndarray, "H W"],
    search: FlowSearch = FlowSearch(),
    start: Float[np.ndarray, "H W 2"] | None = None,
) -> Float[np.ndarray, "H W 2"]:
    """DIS optical flow in px from the first image to the second.

    Args:
        first: a picture.
        second: the other one.
        search: how it is looked for.
        start: a flow nearby; None: none.
    """
    height, width = first.shape
    border = 0, max(0, MIN_FLOW_SIDE - height), 0, max(0, MIN_FLOW_SIDE - width), cv2.BORDER_REPLICATE
    given = np.zeros((height, width, 2), np.float32) if start is None else start
    one, other, initial = (cv2.copyMakeBorder(plane, *border) for plane in (first, second, given))
    method = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    method.setFinestScale(search.finest_scale)
    method.setPatchStride(search.stride)
    method.setVariationalRefinementIterations(search.num_refinements)
    if search.is_local:
        method.setCoarsestScale(search.finest_scale)
    return method.calc(one, other, initial)[:height, :width]


def blur(signal: Float[np.ndarray, "H W C"], scale_px: float) -> Float[np.ndarray, "H W C"]:
    """Gaussian blur; wide ones are computed on a reduced image."""
    height, width = signal.shape[:2]
    step = max(1, min(int(scale_px / 2), 2), int(scale_px / 4))
    size = (max(1, width // step), max(1, height // step))
    small = cv2.resize(signal, size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), scale_px / step, borderType=cv2.BORDER_REPLICATE)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
