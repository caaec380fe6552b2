"""Estimates the true motion of a video, along which a fill should not flicker.

Convention:
    Flows are displacements ``(H, W, 2)`` in px, x first, from a frame to the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8

from master_thesis.errors import require
from master_thesis.metrics import local_weights
from master_thesis.models.classical.flow import continue_flow, dense_flow
from master_thesis.ops.pixels import pixel_positions, warp_by_flow
from master_thesis.ops.precision import in_full_precision

Flow: TypeAlias = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""``(first, second) -> flow`` from one RGB frame, uint8, to another."""


@dataclass(frozen=True)
class Motion:
    """The motion of a video of F frames.

    Attributes:
        flows: flow from each frame but the last to the next one.
        visible: pixels of each of these frames that are visible in the next one.
    """

    flows: list[Float[np.ndarray, "H W 2"]]
    visible: Bool[np.ndarray, "steps H W"]


def estimate_motion(frames: UInt8[np.ndarray, "F H W 3"], flow: Flow) -> Motion:
    """Estimates flow between neighbours, and visibility by a forward-backward check (Sundaram et al., 2010)."""
    flows, visible = [], [np.zeros((0, *frames.shape[1:3]), bool)]
    for first, second in pairwise(frames):
        forward = flow(first, second)
        flows.append(forward)
        visible.append(_is_visible(forward, flow(second, first))[None])
    return Motion(flows, np.concatenate(visible))


def background_motion(motion: Motion, mask: Bool[np.ndarray, "F H W"]) -> Motion:
    """Replaces the motion inside the masks by that of their surroundings, as if there were no object."""
    flows, visible = [], motion.visible.copy()
    for t, flow in enumerate(motion.flows):
        trust = (motion.visible[t] & ~mask[t]).astype(np.float32)
        background = np.where(mask[t][..., None], continue_flow(flow, trust)[0], flow)
        flows.append(background)
        visible[t] |= mask[t] & _is_inside(background)
    return Motion(flows, visible)


def dis_flow(first: UInt8[np.ndarray, "H W 3"], second: UInt8[np.ndarray, "H W 3"]) -> Float[np.ndarray, "H W 2"]:
    """DIS flow of OpenCV, which needs no weights."""
    return dense_flow(cv2.cvtColor(first, cv2.COLOR_RGB2GRAY), cv2.cvtColor(second, cv2.COLOR_RGB2GRAY))


def make_flow(name: str) -> Flow:
    """The flow of an ``--evaluation_flow``: ``dis``, ``raft`` or ``raft-large``.

    Raises:
        UserError: the weights of a RAFT are not on this machine.
    """
    return dis_flow if name == "dis" else raft_flow(name == "raft-large")


def raft_flow(is_large: bool = False) -> Flow:
    """Loads torchvision's RAFT (Teed and Deng, 2020). Its weights must be cached; they are never downloaded.

    Raises:
        UserError: the weights are not cached.
    """
    from torchvision.models import optical_flow

    option, build = ("raft-large", "raft_large") if is_large else ("raft", "raft_small")
    weights = optical_flow.Raft_Large_Weights if is_large else optical_flow.Raft_Small_Weights
    path = local_weights(weights.C_T_V2.url)
    require(
        path is not None,
        f"--evaluation_flow {option} needs its weights in {torch.hub.get_dir()}/checkpoints, which does not hold them: "
        'use --evaluation_flow dis, or download them with `python -c "from torchvision.models.optical_flow import '
        f"{build}; {build}(weights='C_T_V2')\"`",
    )
    network = getattr(optical_flow, build)().eval()
    network.load_state_dict(torch.load(str(path), weights_only=True))

    @torch.no_grad()
    @in_full_precision
    def flow(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        height, width = first.shape[:2]
        # RAFT takes sides that are multiples of 8 and at least 128.
        bottom, right = max(-height % 8, 128 - height), max(-width % 8, 128 - width)
        padded = (cv2.copyMakeBorder(p, 0, bottom, 0, right, cv2.BORDER_REPLICATE) for p in (first, second))
        pair = [torch.from_numpy(p).permute(2, 0, 1)[None] / 127.5 - 1 for p in padded]
        return network(*pair)[-1][0].permute(1, 2, 0).numpy()[:height, :width]

    return flow


def _is_visible(forward: Float[np.ndarray, "H W 2"], backward: Float[np.ndarray, "H W 2"]) -> Bool[np.ndarray, "H W"]:
    """Whether forward and backward flow cancel, and the forward one stays inside the frame."""
    back = warp_by_flow(backward, forward)
    error = np.square(forward + back).sum(axis=-1)
    length = np.square(forward).sum(axis=-1) + np.square(back).sum(axis=-1)
    return (error <= 0.01 * length + 0.5) & _is_inside(forward)


def _is_inside(flow: Float[np.ndarray, "H W 2"]) -> Bool[np.ndarray, "H W"]:
    height, width = flow.shape[:2]
    positions = flow + pixel_positions(height, width)
    return ((positions >= 0) & (positions <= (width - 1, height - 1))).all(axis=-1)
