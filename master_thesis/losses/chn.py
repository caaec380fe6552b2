"""The training loss of CHN."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from jaxtyping import Float
from torch import Tensor

from master_thesis.configs.training import CHNLossConfig
from master_thesis.losses.region import region_l1
from master_thesis.losses.texture import style_loss
from master_thesis.ops.image import normalise
from master_thesis.ops.precision import in_full_precision
from master_thesis.records import Alignment, Hallucination, Losses, MaskedFrames

KNOWN_WEIGHT = 0.5


COPYABLE_WEIGHT = 2.0


HALLUCINATED_WEIGHT = 1.0


GRADIENT_WEIGHT = 1.0


Features = Callable[[Tensor], list[Tensor]]
"""ImageNet-normalised frames ``(N, 3, H, W)`` to feature maps of several depths (``VGG16.pools``)."""


def chn_losses(
    target: MaskedFrames,
    alignment: Alignment,
    painted: Hallucination,
    features: Features | None = None,
    weights: CHNLossConfig | None = None,
) -> Losses:
    """CHN's loss, over all references of all clips, without the part of a discriminator.

    Args:
        target: true targets, ``(B, 3, H, W)``.
        alignment: the references that CHN was given.
        painted: CHN's pictures.
        features: features of the perceptual loss and of that of style; None leaves both out.
        weights: of the parts; None: those of the thesis.

    Source: the thesis, training of CHN; the loss of style is not part of it.
    """
    w = weights or CHNLossConfig()
    predicted, copyable = painted.predicted, alignment.copyable
    true = target.colours.unsqueeze(2).expand_as(predicted)
    mask = target.mask.unsqueeze(2).expand_as(copyable)
    parts = {
        "known": KNOWN_WEIGHT * region_l1(predicted, true, 1 - mask),
        "copyable": COPYABLE_WEIGHT * region_l1(predicted, true, copyable),
        "hallucinated": w.pixel_weight * HALLUCINATED_WEIGHT * region_l1(predicted, true, mask - copyable),
    }
    if features is not None:
        compared = compared_features(predicted, target.colours, features)
        if w.perceptual_weight:
            parts["perceptual"] = w.perceptual_weight * perceptual_loss(*compared)
        if w.style_weight:
            is_open = rearrange(mask - copyable, "b 1 f h w -> (b f) 1 h w")
            parts["style"] = w.style_weight * style_loss(*compared, is_open)
    parts["gradient"] = w.pixel_weight * GRADIENT_WEIGHT * gradient_loss(predicted, true)
    return Losses(parts)


def compared_features(
    predicted: Float[Tensor, "B 3 F H W"], target: Float[Tensor, "B 3 H W"], features: Features
) -> tuple[list[Float[Tensor, "N _ _ _"]], list[Float[Tensor, "N _ _ _"]]]:
    """The features of painted and of true targets, pairs folded as ``(b f)``.

    The gradient reaches ``predicted``; the target's features are computed once for all references, without gradient.
    """
    f = predicted.shape[2]
    with torch.no_grad():
        true = [repeat(x, "b c h w -> (b f) c h w", f=f) for x in features(normalise(target))]
    return features(rearrange(normalise(predicted), "b c f h w -> (b f) c h w")), true


def perceptual_loss(
    predicted: Sequence[Float[Tensor, "N _ _ _"]], true: Sequence[Float[Tensor, "N _ _ _"]]
) -> Float[Tensor, ""]:
    """Mean over the depths of the mean L1 between the features of painted and true targets."""
    return torch.stack([_mean_l1(a, b) for a, b in zip(predicted, true, strict=True)]).mean()


@in_full_precision
def _mean_l1(a: Tensor, b: Tensor) -> Float[Tensor, ""]:
    return F.l1_loss(a, b)


@in_full_precision
def gradient_loss(predicted: Float[Tensor, "B C F H W"], true: Float[Tensor, "B C F H W"]) -> Float[Tensor, ""]:
    """Mean L1 between the Sobel gradients, along x and y."""
    # Sobel is linear: the gradients' difference is the gradient of the difference.
    return sobel(predicted - true).abs().mean()


def sobel(video: Float[Tensor, "B C F H W"]) -> Float[Tensor, "B C F 2 H W"]:
    """Sobel gradients (along x, along y) of every channel.

    Convention:
        The plain kernels, (-1 0 1; -2 0 2; -1 0 1) and its transpose; the border is repeated outwards.
    """
    b, c = video.shape[:2]
    along_x = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]).to(video)
    planes = F.pad(rearrange(video, "b c f h w -> (b c f) 1 h w"), (1, 1, 1, 1), mode="replicate")
    gradients = F.conv2d(planes, torch.stack((along_x, along_x.T)).unsqueeze(1))
    return rearrange(gradients, "(b c f) xy h w -> b c f xy h w", b=b, c=c)
