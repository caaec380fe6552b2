"""The training of the small preset's aligner: true flow on simulated clips, appearance on real ones, trust on both."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Bool, Float
from torch import Tensor

from master_thesis.losses.flow import appearance_loss, choice_loss, sequence_loss, smoothness_loss, trust_loss
from master_thesis.models.small.aligner import SmallDFPN, SmallFlow
from master_thesis.models.small.layers import warp_by_flow, warp_inside
from master_thesis.ops.affine import affine_flow
from master_thesis.ops.image import resize
from master_thesis.ops.precision import in_full_precision
from master_thesis.ops.push_pull import push_pull
from master_thesis.records import Clip, Losses, MaskedFrames
from master_thesis.training.dfpn import DFPNTraining

FLOW_WEIGHT, APPEARANCE_WEIGHT, SMOOTHNESS_WEIGHT, TRUST_WEIGHT, CHOICE_WEIGHT = 0.1, 4.0, 30.0, 1.0, 0.3
GAIN_JITTER, BIAS_JITTER = 0.15, 0.08
"""Largest relative change of brightness and largest offset between target and references."""


class SmallDFPNTraining(DFPNTraining):
    """Trains the small preset's aligner.

    Args:
        sizes: keyword arguments of :class:`~master_thesis.models.small.aligner.SmallDFPN`.
        optim: options of Adam and StepLR.
    """

    network: SmallDFPN  # type: ignore[assignment]
    kind = "small_dfpn"

    def losses(self, clip: Clip) -> Losses:
        """Computes the losses of flow (in pixels of the working size), appearance, smoothness, trust and choice."""
        target, refs = clip.split()
        masked = refs.masked
        if self.training:
            masked, refs = (jitter(frames, seed=self.global_step) for frames in (masked, refs))
        predicted = self.network(target.masked, masked)
        movement = clip.movement[:, clip.ref_indices]
        pairs = Pairs.of(target, refs, self.network.size)
        losses = small_dfpn_losses(pairs, predicted, movement, clip.is_simulated)
        choice = choice_loss(predicted.costs, *choice_errors(pairs, predicted))
        return Losses({**losses.parts, "choice": CHOICE_WEIGHT * choice})


@dataclass(frozen=True)
class Pairs:
    """True frames of every pair at half the working size, folded as ``(b f)``.

    Attributes:
        target: true targets, one row per reference.
        refs: true references.
        size: working height and width.
    """

    target: MaskedFrames
    refs: MaskedFrames
    size: tuple[int, int]

    @staticmethod
    def of(target: MaskedFrames, refs: MaskedFrames, size: tuple[int, int]) -> Pairs:
        """Resizes true targets ``(B, 3, H, W)`` and references ``(B, 3, F, H, W)``; visibility is averaged, too."""
        half, f = (size[0] // 2, size[1] // 2), refs.colours.shape[2]
        reduced = [MaskedFrames(resize(s.colours, *half), 1 - resize(s.mask, *half)) for s in (target, refs.folded())]
        return Pairs(reduced[0].repeated(f), reduced[1], size)


@in_full_precision
def small_dfpn_losses(
    pairs: Pairs,
    predicted: SmallFlow,
    movement: Float[Tensor, "B F 3 3"],
    is_simulated: Bool[Tensor, " B"],
) -> Losses:
    """Computes the losses of the small preset's aligner except that of the choice.

    Args:
        pairs: true frames.
        predicted: predictions for every pair.
        movement: true movements, target to references, in the unit square.
        is_simulated: whether the movement of a clip is known.
    """
    is_known = is_simulated.float().repeat_interleave(movement.shape[1])
    flows = predicted.steps
    extent_px = torch.tensor(pairs.size[::-1]).to(predicted.flow).view(1, 2, 1, 1)
    true = [true_flow(movement, *f.shape[-2:]) * extent_px for f in flows]
    target = pairs.target.colours
    aligned, is_inside = warp_by_flow(pairs.refs.colours, predicted.flow)
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
@in_full_precision
def choice_errors(pairs: Pairs, predicted: SmallFlow) -> tuple[Float[Tensor, "N 3 h w"], Float[Tensor, "N 3 h w"]]:
    """Computes the true cost of each choice and where it counts: in the hole, where the choice shows something.

    Args:
        pairs: true frames.
        predicted: predictions for every pair. The choices are to copy along the camera's movement, to copy along the
            flow, and to fill smoothly.

    Returns:
        Mean squared differences of colours, and weights of 0 or 1.
    """
    target, hole, shown = pairs.target.colours, pairs.target.mask, pairs.refs.visible
    refs = torch.cat((pairs.refs.colours, shown), dim=1)
    moved = [warp_inside(refs, flow) for flow in (predicted.camera_flow, predicted.flow)]
    smooth = push_pull(target * (1 - hole), 1 - hole)
    filled = torch.cat((smooth, torch.ones_like(shown)), dim=1)
    quarter = (predicted.flow.shape[-2], predicted.flow.shape[-1])
    pooled = [
        F.adaptive_avg_pool2d(torch.cat(((p[:, :3] - target).square(), p[:, 3:], hole), dim=1), quarter)
        for p in (*moved, filled)
    ]
    errors = torch.cat([p[:, :3].mean(dim=1, keepdim=True) for p in pooled], dim=1)
    return errors, torch.cat([(p[:, 3:4] > 0.9) & (p[:, 4:] > 0.5) for p in pooled], dim=1).float()


def true_flow(movement: Float[Tensor, "B F 3 3"], height: int, width: int) -> Float[Tensor, "N 2 h w"]:
    """Returns the displacement of every pixel in the unit square, pairs folded as ``(b f)``."""
    return rearrange(affine_flow(movement, height, width), "b f h w xy -> (b f) xy h w")


def jitter(refs: MaskedFrames, seed: int) -> MaskedFrames:
    """Makes references slightly brighter or darker, as changes of exposure do.

    Args:
        refs: references, ``(B, 3, F, H, W)``.
        seed: seed of the changes, so that a resumed run repeats them.
    """
    b, _, f, _, _ = refs.colours.shape
    draws = torch.rand(2, b, 1, f, 1, 1, generator=torch.Generator().manual_seed(seed)).to(refs.colours) * 2 - 1
    gain, bias = draws.pow(3).unbind()  # mostly small
    colours = (refs.colours * (1 + GAIN_JITTER * gain) + BIAS_JITTER * bias).clamp(0, 1)
    return MaskedFrames(colours, refs.visible)
