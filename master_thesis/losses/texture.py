"""Losses that ask for texture: statistics of features, and the judgement of a discriminator.

Convention:
    Frames are rows ``(N, 3, H, W)``; ``is_open`` is 1 where a frame was painted. Only painted pixels count.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from master_thesis.ops.image import normalise
from master_thesis.ops.precision import in_full_precision

EPSILON = 1e-6


def style_loss(
    predicted: Sequence[Float[Tensor, "N _ _ _"]],
    true: Sequence[Float[Tensor, "N _ _ _"]],
    is_open: Float[Tensor, "N 1 H W"],
) -> Float[Tensor, ""]:
    """Mean over the depths of the mean L1 between the Gram matrices of the painted parts.

    Args:
        predicted: features of the painted frames, several depths.
        true: those of the true frames.
        is_open: pixels that were painted.

    Source: Gatys et al., Image Style Transfer Using Convolutional Neural Networks, 2016; restricted to a region.
    """
    return torch.stack([_gram_distance(a, b, is_open) for a, b in zip(predicted, true, strict=True)]).mean()


@in_full_precision
def _gram_distance(a: Tensor, b: Tensor, is_open: Tensor) -> Float[Tensor, ""]:
    weight = F.adaptive_avg_pool2d(is_open.float(), (a.shape[-2], a.shape[-1]))
    return F.l1_loss(_gram(a, weight), _gram(b, weight))


def _gram(x: Float[Tensor, "N C h w"], weight: Float[Tensor, "N 1 h w"]) -> Float[Tensor, "N C C"]:
    """Mean products of channels over a region, divided by the number of channels."""
    rows = rearrange(x * weight.sqrt(), "n c h w -> n c (h w)")
    total = weight.sum(dim=(-2, -1)).unsqueeze(-1)
    return rows @ rows.mT / ((total + EPSILON) * x.shape[1])


@dataclass(frozen=True)
class AdversarialLosses:
    """The parts of a step against a discriminator.

    Attributes:
        judged: of the painter: that painted patches look real.
        matching: of the painter: that the discriminator's features are those of the true frames.
        discriminator: of the discriminator, without gradient for the painter.
    """

    judged: Float[Tensor, ""]
    matching: Float[Tensor, ""]
    discriminator: Float[Tensor, ""]


def adversarial_losses(
    discriminator: nn.Module,
    predicted: Float[Tensor, "N 3 H W"],
    true: Float[Tensor, "N 3 H W"],
    is_open: Float[Tensor, "N 1 H W"],
) -> AdversarialLosses:
    """Hinge losses of both sides, over the patches that were painted at least in part.

    The gradient of the painter's losses does not reach the discriminator, nor the other way round, so that one
    optimiser can minimise their sum.

    Args:
        discriminator: see :class:`~master_thesis.models.discriminator.PatchDiscriminator`.
        predicted: painted frames, RGB in [0, 1].
        true: true frames.
        is_open: pixels that were painted.

    Source: Miyato et al., 2018 (hinge loss); Wang et al., High-Resolution Image Synthesis and Semantic Manipulation
    with Conditional GANs, 2018 (matched features).
    """
    real, fake = normalise(true), normalise(predicted)
    on_real, real_features = discriminator(real, is_open)
    on_fake, _ = discriminator(fake.detach(), is_open)
    weight = F.adaptive_max_pool2d(is_open, (on_real.shape[-2], on_real.shape[-1]))
    hinge = F.relu(1 - on_real) + F.relu(1 + on_fake)
    with _frozen(discriminator):
        judged, features = discriminator(fake, is_open)
    matching = [_mean_l1(a, b.detach()) for a, b in zip(features, real_features, strict=True)]
    return AdversarialLosses(
        -_weighted_mean(judged, weight), torch.stack(matching).mean(), _weighted_mean(hinge, weight)
    )


@in_full_precision
def _mean_l1(a: Tensor, b: Tensor) -> Float[Tensor, ""]:
    return F.l1_loss(a, b)


@in_full_precision
def _weighted_mean(values: Tensor, weight: Tensor) -> Float[Tensor, ""]:
    return (values * weight).sum() / (weight.sum() + EPSILON)


@contextmanager
def _frozen(module: nn.Module) -> Iterator[None]:
    """Keeps the parameters of a module from taking gradients in this block."""
    module.requires_grad_(False)
    yield
    module.requires_grad_(True)
