"""Training the small preset's aligner: true flow on simulated clips, appearance on real ones, trust on both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from jaxtyping import Float
from torch import Tensor

from master_thesis.clip import Clip, Losses
from master_thesis.config import OptimConfig
from master_thesis.flow_losses import appearance_loss, flow_distance, sequence_loss, smoothness_loss, trust_loss
from master_thesis.models.small_dfpn import SmallDFPN, SmallFlow, flow_to_grid
from master_thesis.ops.affine import unit_points
from master_thesis.ops.grid import inside, warp
from master_thesis.ops.image import resize
from master_thesis.ops.views import Views, views_of
from master_thesis.training.base import NetworkTraining
from master_thesis.training.figures import alignment_figure

FLOW_WEIGHT, APPEARANCE_WEIGHT, SMOOTHNESS_WEIGHT, TRUST_WEIGHT = 0.1, 4.0, 30.0, 1.0
GAIN_JITTER, BIAS_JITTER = 0.15, 0.08
"""Largest relative change of brightness and largest offset between target and references."""


class SmallDFPNTraining(NetworkTraining):
    """Trains the small preset's aligner.

    Args:
        sizes: of the network, see :class:`~master_thesis.models.small_dfpn.SmallDFPN`.
        optim: of Adam and StepLR.
    """

    def __init__(self, sizes: Mapping[str, Any], optim: OptimConfig) -> None:
        super().__init__("small_dfpn", sizes, optim)

    def losses(self, clip: Clip) -> Losses:
        """Flow in pixels of the working size, appearance, smoothness and trust."""
        views = views_of(clip)
        target, mask_target, refs, mask_refs = views.masked
        if self.training:
            refs = _jitter(refs)
        predicted: SmallFlow = self.network(target, mask_target, refs, mask_refs)
        return small_dfpn_losses(views, predicted, cast(SmallDFPN, self.network).size)

    def figures(self, clip: Clip) -> Float[Tensor, "3 H W"]:
        """Masked frames, aligned references, visibility, filled by plain copying."""
        views = views_of(clip)
        return alignment_figure(views, cast(SmallDFPN, self.network).align(*views.masked))


def small_dfpn_losses(views: Views, predicted: SmallFlow, size: tuple[int, int]) -> Losses:
    """All parts of the loss of the small preset's aligner.

    Args:
        views: true frames, masks and movements.
        predicted: flows of every pair.
        size: working size, in whose pixels end-point errors count.
    """
    num_refs = views.refs.shape[2]
    is_simulated = views.is_simulated.float().repeat_interleave(num_refs)
    flows = [*predicted.steps, predicted.flow]
    extent_px = torch.tensor([size[1], size[0]]).to(predicted.flow).view(1, 2, 1, 1)
    true = [true_flow(views.movement, *f.shape[-2:]) * extent_px for f in flows]
    flow = sequence_loss([f * extent_px for f in flows], true, is_simulated)
    target, refs = _half_size(views, size)
    grid = flow_to_grid(predicted.flow, *target.shape[-2:])
    aligned, valid = _look(refs, grid)
    is_real = (1 - is_simulated).view(-1, 1, 1, 1)
    quarter = predicted.flow.shape[-2:]
    small_target = F.adaptive_avg_pool2d(target, quarter)
    trust = trust_loss(
        predicted.trust, F.adaptive_avg_pool2d(aligned, quarter), small_target, F.adaptive_avg_pool2d(valid, quarter)
    )
    parts = {
        "flow": FLOW_WEIGHT * flow,
        "appearance": APPEARANCE_WEIGHT * appearance_loss(aligned, target, valid * is_real),
        "smoothness": SMOOTHNESS_WEIGHT * smoothness_loss(predicted.flow, small_target),
        "trust": TRUST_WEIGHT * trust,
    }
    parts["epe_px"] = 0 * (flow_distance(flows[-1] * extent_px, true[-1]) * is_simulated).sum()
    return Losses(parts)


def true_flow(movement: Float[Tensor, "B F 3 3"], height: int, width: int) -> Float[Tensor, "N 2 h w"]:
    """The displacement of every pixel, in the unit square, of known affine movements; pairs folded as ``(b f)``."""
    points = unit_points(height, width).to(movement)
    moved = torch.einsum("bfij,hwj->bfhwi", movement, points)
    return rearrange((moved - points)[..., :2], "b f h w xy -> (b f) xy h w")


def _half_size(views: Views, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """True target (repeated) and references at half the working size, pairs folded."""
    h, w = size[0] // 2, size[1] // 2
    target = resize(views.target.unsqueeze(2), h, w)[:, :, 0]
    refs = resize(views.refs, h, w)
    target = repeat(target, "b c h w -> (b f) c h w", f=refs.shape[2])
    return target, rearrange(refs, "b c f h w -> (b f) c h w")


def _look(refs: Float[Tensor, "N 3 h w"], grid: Float[Tensor, "N h w 2"]) -> tuple[Tensor, Tensor]:
    """References where the grid points, and where that lies inside them."""
    grid = grid.unsqueeze(1)
    return warp(refs.unsqueeze(2), grid)[:, :, 0], inside(grid)[:, :, 0].float()


def _jitter(refs: Float[Tensor, "B 3 F H W"]) -> Float[Tensor, "B 3 F H W"]:
    """References a little brighter or darker, as exposure changes make them."""
    b, _, f, _, _ = refs.shape
    gain, bias = (torch.rand(2, b, 1, f, 1, 1, device=refs.device) * 2 - 1).unbind()
    return (refs * (1 + GAIN_JITTER * gain) + BIAS_JITTER * bias).clamp(0, 1)
