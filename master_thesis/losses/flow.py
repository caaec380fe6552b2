"""The training losses of the small preset's aligner: true flow where it is known, appearance where it is not.

Source: the sequence loss is RAFT's (Teed and Deng, 2020); the unsupervised part follows UFlow (Jonschkowski et al.,
2020).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from master_thesis.ops.precision import in_full_precision

DECAY = 0.8
"""Weight of each refinement relative to the next one."""
SSIM_SHARE = 0.85
EDGE_SHARPNESS = 10.0
LEAST_ERROR = (1.5 / 255) ** 2
"""Floor of squared differences of colours in [0, 1]: no two frames of a film are equal."""
TRUST_SCALE = 0.08
"""Mean colour difference, in [0, 1], at which the trust in an aligned pixel should be 1 / e."""


@in_full_precision
def flow_distance(flow: Float[Tensor, "N 2 h w"], true: Float[Tensor, "N 2 h w"]) -> Float[Tensor, " N"]:
    """Mean end-point error per pair, in the unit of the flows."""
    return (flow - true).square().sum(dim=1).add(1e-12).sqrt().mean(dim=(1, 2))


@in_full_precision
def sequence_loss(
    flows: Sequence[Float[Tensor, "N 2 _ _"]], trues: Sequence[Float[Tensor, "N 2 _ _"]], is_known: Tensor
) -> Float[Tensor, ""]:
    """End-point error of every refinement, later ones weighted more, over pairs whose flow is known.

    Args:
        flows: refinements, coarse first; sizes may differ.
        trues: the true flow at each one's size.
        is_known: per pair, whether the true flow is known.
    """
    weights = [DECAY ** (len(flows) - 1 - i) for i in range(len(flows))]
    per_pair = torch.stack([w * flow_distance(f, t) for w, f, t in zip(weights, flows, trues, strict=True)]).sum(dim=0)
    return (per_pair * is_known).sum() / is_known.sum().clamp(min=1)


@in_full_precision
def appearance_difference(a: Float[Tensor, "N 3 H W"], b: Float[Tensor, "N 3 H W"]) -> Float[Tensor, "N 1 H W"]:
    """Per-pixel difference of two frames in [0, 1]: structure (SSIM of 3 x 3 windows) and a share of colour."""
    c1, c2 = 0.01**2, 0.03**2
    a_mean, b_mean = _mean3(a), _mean3(b)
    a_var, b_var = _mean3(a * a) - a_mean**2, _mean3(b * b) - b_mean**2
    covariance = _mean3(a * b) - a_mean * b_mean
    ssim = (2 * a_mean * b_mean + c1) * (2 * covariance + c2)
    ssim = ssim / ((a_mean**2 + b_mean**2 + c1) * (a_var + b_var + c2))
    structure = ((1 - ssim) / 2).clamp(0, 1)
    return (SSIM_SHARE * structure + (1 - SSIM_SHARE) * (a - b).abs()).mean(dim=1, keepdim=True)


def _mean3(x: Tensor) -> Tensor:
    return F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), 3, stride=1)


@in_full_precision
def appearance_loss(
    aligned: Float[Tensor, "N 3 H W"], target: Float[Tensor, "N 3 H W"], valid: Float[Tensor, "N 1 H W"]
) -> Float[Tensor, ""]:
    """Mean difference of true frames where the flow lands inside the reference; large errors (occlusions) saturate.

    Args:
        aligned: true references, warped by the predicted flow.
        target: true targets.
        valid: 1 where the flow lands inside the reference.
    """
    difference = appearance_difference(aligned, target)
    return (difference.clamp(max=0.5) * valid).sum() / valid.sum().clamp(min=1)


@in_full_precision
def smoothness_loss(flow: Float[Tensor, "N 2 h w"], frames: Float[Tensor, "N 3 h w"]) -> Float[Tensor, ""]:
    """Second differences of the flow, weighted down at the edges of the frames."""
    total = flow.new_zeros(())
    for axis in (2, 3):
        n = flow.shape[axis]
        a, b, c = (flow.narrow(axis, i, n - 2) for i in range(3))
        edge = (frames.narrow(axis, 2, n - 2) - frames.narrow(axis, 0, n - 2)).abs().mean(dim=1, keepdim=True)
        total = total + ((a - 2 * b + c).abs() * torch.exp(-EDGE_SHARPNESS * edge)).mean()
    return total


@in_full_precision
def choice_loss(
    costs: Float[Tensor, "N C h w"], errors: Float[Tensor, "N C h w"], weights: Float[Tensor, "N C h w"]
) -> Float[Tensor, ""]:
    """Negative log-likelihood of exponentially distributed errors: smallest where each cost is its errors' mean.

    Args:
        costs: logarithms of the predicted errors.
        errors: the actual errors, at least 0.
        weights: 1 where a choice was possible.
    """
    return ((costs + (errors + LEAST_ERROR) * torch.exp(-costs)) * weights).sum() / weights.sum().clamp(min=1)


@in_full_precision
def trust_loss(
    logit: Float[Tensor, "N 1 h w"], aligned: Float[Tensor, "N 3 h w"], target: Float[Tensor, "N 3 h w"], valid: Tensor
) -> Float[Tensor, ""]:
    """Cross-entropy between the predicted trust and the actual closeness of the aligned true reference.

    Args:
        logit: of the predicted trust.
        aligned: true references, warped; no gradient flows into them.
        target: true targets.
        valid: 1 where the flow lands inside the reference; elsewhere the trust should be 0.
    """
    error = (aligned - target).abs().mean(dim=1, keepdim=True).detach()
    return F.binary_cross_entropy_with_logits(logit, torch.exp(-error / TRUST_SCALE) * valid)
