"""Training the small preset's aligner: true flow on simulated clips, appearance on real ones, trust on both."""

from __future__ import annotations

from dataclasses import replace

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from jaxtyping import Bool, Float
from torch import Tensor

from master_thesis.losses.flow import appearance_loss, choice_loss, sequence_loss, smoothness_loss, trust_loss
from master_thesis.models.small.aligner import SmallDFPN, SmallFlow
from master_thesis.models.small.choice import seen_along
from master_thesis.models.small.layers import look
from master_thesis.ops.affine import affine_flow
from master_thesis.ops.image import resize
from master_thesis.ops.push_pull import fill_smoothly
from master_thesis.ops.views import Views, views_of
from master_thesis.records import Clip, Losses
from master_thesis.training.dfpn import DFPNTraining

FLOW_WEIGHT, APPEARANCE_WEIGHT, SMOOTHNESS_WEIGHT, TRUST_WEIGHT, CHOICE_WEIGHT = 0.1, 4.0, 30.0, 1.0, 0.3
GAIN_JITTER, BIAS_JITTER = 0.15, 0.08
"""Largest relative change of brightness and largest offset between target and references."""


class SmallDFPNTraining(DFPNTraining):
    """Trains the small preset's aligner.

    Args:
        sizes: of the network, see :class:`~master_thesis.models.small.aligner.SmallDFPN`.
        optim: of Adam and StepLR.
    """

    network: SmallDFPN  # type: ignore[assignment]
    kind = "small_dfpn"

    def losses(self, clip: Clip) -> Losses:
        """Flow in pixels of the working size, appearance, smoothness and trust."""
        views = views_of(clip)
        target, mask_target, refs, mask_refs = views.masked
        if self.training:
            refs = jitter(refs, seed=self.global_step)
            views = replace(views, refs=jitter(views.refs, seed=self.global_step))
        predicted = self.network(target, mask_target, refs, mask_refs)
        movement = clip.movement[:, clip.ref_indices]
        losses = small_dfpn_losses(views, predicted, movement, clip.is_simulated, self.network.size)
        choice = choice_loss(predicted.costs, *choice_errors(views, predicted, self.network.size))
        return Losses({**losses.parts, "choice": CHOICE_WEIGHT * choice})


def small_dfpn_losses(
    views: Views,
    predicted: SmallFlow,
    movement: Float[Tensor, "B F 3 3"],
    is_simulated: Bool[Tensor, " B"],
    size: tuple[int, int],
) -> Losses:
    """All parts of the loss of the small preset's aligner.

    Args:
        views: true frames and masks.
        predicted: flows of every pair.
        movement: true movements, target to references.
        is_simulated: where they are known.
        size: working size, in whose pixels end-point errors count.
    """
    is_known = is_simulated.float().repeat_interleave(movement.shape[1])
    flows = predicted.steps
    extent_px = torch.tensor([size[1], size[0]]).to(predicted.flow).view(1, 2, 1, 1)
    true = [true_flow(movement, *f.shape[-2:]) * extent_px for f in flows]
    target, refs = _half_size(views, size)
    aligned, is_inside = look(refs, predicted.flow)
    valid = is_inside.float()
    quarter = (predicted.flow.shape[-2], predicted.flow.shape[-1])
    small_target, small_aligned, small_valid = (F.adaptive_avg_pool2d(x, quarter) for x in (target, aligned, valid))
    is_real = (1 - is_known).view(-1, 1, 1, 1)
    parts = {
        "flow": FLOW_WEIGHT * sequence_loss([f * extent_px for f in flows], true, is_known),
        "appearance": APPEARANCE_WEIGHT * appearance_loss(aligned, target, valid * is_real),
        "smoothness": SMOOTHNESS_WEIGHT * smoothness_loss(predicted.flow, small_target),
        "trust": TRUST_WEIGHT * trust_loss(predicted.trust, small_aligned, small_target, small_valid),
    }
    return Losses(parts)


@torch.no_grad()
def choice_errors(
    views: Views, predicted: SmallFlow, size: tuple[int, int]
) -> tuple[Float[Tensor, "N 3 h w"], Float[Tensor, "N 3 h w"]]:
    """What each choice really costs (squared difference of colours), and where it could be made: visible, in the hole.

    Args:
        views: true frames and masks.
        predicted: the choices: copied by the camera's movement, by the flow, or filled smoothly.
        size: working size.
    """
    half, quarter = (size[0] // 2, size[1] // 2), (predicted.flow.shape[-2], predicted.flow.shape[-1])
    target, refs = _half_size(views, size)
    f = views.refs.shape[2]
    hole = resize(views.mask_target.unsqueeze(2), *half)[:, :, 0].repeat_interleave(f, dim=0)
    shown = 1 - rearrange(resize(views.mask_refs, *half), "b c f h w -> (b f) c h w")
    moved = [seen_along(torch.cat((refs, shown), dim=1), flow) for flow in (predicted.turned, predicted.flow)]
    smooth = fill_smoothly(target * (1 - hole), 1 - hole)
    filled = torch.cat((smooth, torch.ones_like(shown)), dim=1)
    pooled = [
        F.adaptive_avg_pool2d(torch.cat(((p[:, :3] - target).square(), p[:, 3:], hole), dim=1), quarter)
        for p in (*moved, filled)
    ]
    errors = torch.cat([p[:, :3].mean(dim=1, keepdim=True) for p in pooled], dim=1)
    return errors, torch.cat([(p[:, 3:4] > 0.9) & (p[:, 4:] > 0.5) for p in pooled], dim=1).float()


def true_flow(movement: Float[Tensor, "B F 3 3"], height: int, width: int) -> Float[Tensor, "N 2 h w"]:
    """The displacement of every pixel, in the unit square, of known affine movements; pairs folded as ``(b f)``."""
    return rearrange(affine_flow(movement, height, width), "b f h w xy -> (b f) xy h w")


def _half_size(views: Views, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """True target (repeated) and references at half the working size, pairs folded."""
    h, w = size[0] // 2, size[1] // 2
    target = resize(views.target.unsqueeze(2), h, w)[:, :, 0]
    refs = resize(views.refs, h, w)
    target = repeat(target, "b c h w -> (b f) c h w", f=refs.shape[2])
    return target, rearrange(refs, "b c f h w -> (b f) c h w")


def jitter(refs: Float[Tensor, "B 3 F H W"], seed: int) -> Float[Tensor, "B 3 F H W"]:
    """References a little brighter or darker, as exposure changes make them.

    Args:
        refs: RGB in [0, 1].
        seed: decides the changes: a resumed run makes the same ones.
    """
    b, _, f, _, _ = refs.shape
    draws = torch.rand(2, b, 1, f, 1, 1, generator=torch.Generator().manual_seed(seed)).to(refs) * 2 - 1
    gain, bias = draws.pow(3).unbind()  # mostly small
    return (refs * (1 + GAIN_JITTER * gain) + BIAS_JITTER * bias).clamp(0, 1)
