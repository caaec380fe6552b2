"""The flow that the camera's motion leaves: finely around holes, into which it is continued, and coarsely elsewhere.

Convention:
    As in :mod:`master_thesis.models.classical.flow`.
"""

from __future__ import annotations

import math
from typing import NamedTuple, TypeAlias

import cv2
import numpy as np
from jaxtyping import Float

from master_thesis.models.classical.flow import FlowSearch, TrustedFlow, blur, both_flows, continue_flow
from master_thesis.models.classical.flow_patches import FlowPatch, LocalFlow
from master_thesis.models.classical.views import Grey, Levels
from master_thesis.ops.mask import Window, widen_window, widened
from master_thesis.ops.pixels import warp_by_flow

Flows: TypeAlias = tuple[TrustedFlow, TrustedFlow]
"""A flow from one picture to another one, and the flow back."""
COARSE = FlowSearch(finest_scale=0, stride=4)
FINE = FlowSearch(finest_scale=0, num_refinements=0, is_local=True)
"""How flow is looked for everywhere and then, from where that leads to, around holes."""
RING_PX = 12
"""Width of the ring around a hole in which the flow is tested, as if the ring were hidden too."""
RING_SCALE_PX = 16.0
"""Extent of the surroundings over which the test is averaged."""
MAX_ERROR = 40.0
"""Larger grey differences count no more than this."""
TRUSTED = 0.5
"""Trust in a flow from which it says how wide the surroundings of holes must be."""
DECISION = 30.0
"""How sharply the test decides between flow and camera."""
MARGIN_PX, MAX_MOVE_PX = 24, 32
"""Width of the surroundings of holes in which flow is measured finely, and by how much movement widens them at most."""


class Residual(NamedTuple):
    """A flow as far as it explains more than the camera.

    Attributes:
        flow: continued into the holes.
        share: of it far from all holes.
    """

    flow: Float[np.ndarray, "h w 2"]
    share: float

    @staticmethod
    def of(one: Grey, other: Grey, trusted: TrustedFlow) -> Residual:
        """Continues a flow to the other picture into the holes, and fades it out where the camera explains more.

        What is continued into a hole cannot be tested in it. So a ring around the hole is treated as if it were hidden,
        too: where the flow that is continued into the ring explains it better than the camera alone, it is taken.
        """
        share, overall = _shares(one, other, trusted)
        continued = continue_flow(*trusted)[0]
        return Residual(cv2.merge([(axis * share).astype(np.float32) for axis in cv2.split(continued)]), overall)


def coarse_flows(first: Levels, second: Levels) -> Flows:
    """The flow between two frames at the coarse size, and the flow back."""
    return both_flows(*first.coarse, *second.coarse, COARSE)


def local_flows(
    first: Levels, second: Levels, coarse: Flows, holes: Window | None, size: tuple[int, int]
) -> tuple[LocalFlow, LocalFlow]:
    """The flow from one frame to the other, and the flow back.

    Args:
        first: a frame.
        second: the other one, as the camera shows it from the first one.
        coarse: the coarse flows between them.
        holes: around the holes of both at the fine size; None: there are none.
        size: height and width of the frames.
    """
    fine, rough = (np.divide(each.grey.shape[::-1], size[::-1]) for each in first)
    if holes is None:
        around, shares = [FlowPatch.still()] * 2, [1.0, 1.0]
    else:
        window = surroundings(holes, coarse, first.fine.size)
        residuals, corner = _residuals(first.fine, second.fine, coarse, window), (window[1].start, window[0].start)
        around = [FlowPatch.of(residual.flow, corner, fine) for residual in residuals]
        shares = [residual.share for residual in residuals]
    frames = [
        FlowPatch.of(continue_flow(*trusted)[0] * share, (0, 0), rough)
        for trusted, share in zip(coarse, shares, strict=True)
    ]
    there, back = (LocalFlow(*patches) for patches in zip(frames, around, strict=True))
    return there, back


def _residuals(first: Grey, second: Grey, coarse: Flows, window: Window) -> tuple[Residual, Residual]:
    """What is left beside the camera in a window."""
    one, other = (Grey(picture.grey[window], picture.known[window]) for picture in (first, second))
    starts = [_enlarged(flow, first.size, window) for flow, _ in coarse]
    there, back = both_flows(*one, *other, FINE, starts)
    return Residual.of(one, other, there), Residual.of(other, one, back)


def surroundings(holes: Window, coarse: Flows, size: tuple[int, int]) -> Window:
    """The surroundings of holes in which flow is measured, wide enough to hold what moves to them."""
    share = coarse[0][1].shape[1] / size[1]
    near = scaled_window(widen_window(holes, MARGIN_PX, size), share)
    moves = [np.abs(flow[near])[trust[near] > TRUSTED].max(initial=0) / share for flow, trust in coarse]
    return widen_window(holes, MARGIN_PX + min(math.ceil(max(moves)), MAX_MOVE_PX), size)


def scaled_window(window: Window, share: float) -> Window:
    """The window of a picture in the same picture at another size.

    >>> scaled_window((slice(3, 5), slice(0, 8)), 0.5)
    (slice(1, 3, None), slice(0, 4, None))
    """
    rows, columns = (slice(math.floor(side.start * share), math.ceil(side.stop * share)) for side in window)
    return rows, columns


def _enlarged(flow: Float[np.ndarray, "q r 2"], size: tuple[int, int], window: Window) -> Float[np.ndarray, "h w 2"]:
    """A window of a flow, in px of a larger picture."""
    x, y = np.divide(size[::-1], flow.shape[1::-1])
    return cv2.multiply(cv2.resize(flow, size[::-1], interpolation=cv2.INTER_LINEAR)[window], np.array((x, y, 0, 0)))


def _shares(one: Grey, other: Grey, trusted: TrustedFlow) -> tuple[Float[np.ndarray, "h w"], float]:
    """The share of a flow in what moves, at each pixel and far from all holes."""
    flow, trust = trusted
    is_hidden = widened(~(one.known & other.known), RING_PX)
    continued = continue_flow(flow, np.where(is_hidden, 0, trust).astype(np.float32))[0]
    ring = is_hidden & one.known & other.known & (warp_by_flow(other.known.astype(np.float32), continued) > 0.99)
    errors = [
        np.minimum(cv2.absdiff(one.grey, picture).astype(np.float32), MAX_ERROR) * ring
        for picture in (other.grey, warp_by_flow(other.grey, continued))
    ]
    averages = blur(cv2.merge((*errors, ring.astype(np.float32))), RING_SCALE_PX)
    # Far from all rings, the mean over them decides.
    overall = np.array([error.sum() for error in errors]) / (ring.sum() + 1e-6)
    *sums, count = cv2.split(averages)
    camera, local = ((plane + 1e-3 * mean) / (count + 1e-3) for plane, mean in zip(sums, overall, strict=True))
    return _share(camera, local), float(_share(*overall[:, None]).item())


def _share(camera: Float[np.ndarray, "*h"], local: Float[np.ndarray, "*h"]) -> Float[np.ndarray, "*h"]:
    """How much of a flow is taken by how much it and the camera err."""
    gain = (camera - local) / ((camera + local) / 2 + 0.5)
    return 1 / (1 + np.exp(-DECISION * gain))
