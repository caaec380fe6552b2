"""The training of CHN on top of a frozen aligner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from master_thesis.checkpoints.origin import identify
from master_thesis.configs.fields import resolved
from master_thesis.configs.training import CHNLossConfig, OptimConfig
from master_thesis.losses.chn import chn_losses
from master_thesis.losses.texture import adversarial_losses
from master_thesis.metrics import psnr, ssim, try_lpips
from master_thesis.models.aligner import Aligner, FrozenAligner
from master_thesis.models.discriminator import PatchDiscriminator
from master_thesis.models.hallucinator import Hallucinator
from master_thesis.models.vgg import VGG16
from master_thesis.records import Alignment, Clip, Hallucination, Losses, MaskedFrames
from master_thesis.training.base import NetworkTraining
from master_thesis.training.figures import hallucination_figure, show

DISCRIMINATOR_KEY = "discriminator"
ADVERSARIAL_BETAS = (0.5, 0.99)
"""Adam's betas against a discriminator: its gradients soon belong to the past."""
DEFAULT_LOSS = CHNLossConfig()


class CHNTraining(NetworkTraining):
    """Trains CHN or another hallucinator on references that a frozen aligner has aligned.

    Args:
        sizes: keyword arguments of the network, see :class:`~master_thesis.models.chn.CHN`.
        optim: options of Adam and StepLR.
        aligner: aligner to freeze and use.
        vgg: network whose five pools the losses of perception and style compare; None leaves those out.
        loss: weights of the loss, or a mapping with them (as ``load_from_checkpoint`` passes it).
        kind: kind of network, a key of ``registry.NETWORKS``.
    """

    network: Hallucinator  # type: ignore[assignment]

    def __init__(
        self,
        sizes: Mapping[str, Any],
        optim: OptimConfig | Mapping[str, Any],
        aligner: Aligner | nn.Module,
        vgg: VGG16 | None = None,
        loss: CHNLossConfig | Mapping[str, Any] = DEFAULT_LOSS,
        kind: str = "chn",
    ) -> None:
        super().__init__(kind, sizes, optim)
        self.loss = loss if isinstance(loss, CHNLossConfig) else CHNLossConfig(**loss)
        self.discriminator = PatchDiscriminator() if self.loss.adversarial_weight else None
        self.aligner = FrozenAligner(aligner)
        self.network_entry["aligner"] = identify(aligner)
        self.vgg = None if vgg is None else vgg.to(memory_format=torch.channels_last)
        plain = {"sizes": dict(sizes), "optim": resolved(self.optim), "loss": vars(self.loss)}
        self.save_hyperparameters(plain | {"kind": kind})

    def forward(self, clip: Clip) -> Hallucination:
        """Paints the targets of a batch."""
        return self.paint(*clip.split())[1]

    def predict(self, clip: Clip) -> Hallucination:
        """Paints the targets of a batch."""
        return self(clip)

    def paint(self, target: MaskedFrames, refs: MaskedFrames) -> tuple[Alignment, Hallucination]:
        """Aligns the references of a batch and paints the targets.

        Args:
            target: true targets, ``(B, 3, H, W)``.
            refs: true references, ``(B, 3, F, H, W)``.
        """
        masked = target.masked
        alignment = self.aligner.align_encoded(*self.aligner.encode_clips(masked, refs.masked))
        return alignment, self.network.hallucinate(masked, alignment)

    def losses(self, clip: Clip) -> Losses:
        """Computes the losses: L1 by region, features, gradients, and those of painter and discriminator."""
        target, refs = clip.split()
        return self._losses(target, *self.paint(target, refs))

    def _losses(self, target: MaskedFrames, alignment: Alignment, painted: Hallucination) -> Losses:
        features = None if self.vgg is None else self.vgg.pools
        losses = chn_losses(target, alignment, painted, features, self.loss)
        return Losses({**losses.parts, **self._adversarial(target, alignment, painted)})

    def _adversarial(self, target: MaskedFrames, alignment: Alignment, painted: Hallucination) -> dict[str, Tensor]:
        """The parts of the loss against the discriminator, where there is one."""
        if self.discriminator is None:
            return {}
        true = target.repeated(painted.composed.shape[2])
        is_open, composed = (
            rearrange(p, "b c f h w -> (b f) c h w") for p in (1 - alignment.copyable, painted.composed)
        )
        found = adversarial_losses(self.discriminator, composed, true.colours, is_open * true.mask)
        return {
            "judged": self.loss.adversarial_weight * found.judged,
            "matching": self.loss.matching_weight * found.matching,
            "discriminator": found.discriminator,
        }

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Returns what Adam trains; the discriminator, if there is one, has a group of its own."""
        groups = super().parameter_groups()
        if self.discriminator is None:
            return groups
        groups.append({"params": list(self.discriminator.parameters())})
        return [{**group, "betas": ADVERSARIAL_BETAS} for group in groups]

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Adds the discriminator, which a resumed training needs."""
        super().on_save_checkpoint(checkpoint)
        if self.discriminator is not None:
            checkpoint[DISCRIMINATOR_KEY] = self.discriminator.state_dict()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Restores the discriminator."""
        if self.discriminator is not None and DISCRIMINATOR_KEY in checkpoint:
            self.discriminator.load_state_dict(checkpoint[DISCRIMINATOR_KEY])

    def figures(self, clip: Clip) -> Float[Tensor, "3 H W"]:
        """Draws masked targets, aligned references, filled and true targets."""
        target, refs = clip.split()
        return hallucination_figure(target, *self.paint(target, refs))

    def validation_step(self, clip: Clip, batch_idx: int) -> None:
        """Logs the losses and the quality of the composites, and draws the first batch."""
        target, refs = clip.split()
        alignment, painted = self.paint(target, refs)
        self.log_losses("validation", self._losses(target, alignment, painted), clip)
        self.log_all("validation", quality(target.colours, painted), clip)
        if batch_idx == 0:
            show(self, "validation/clips", hallucination_figure(target, alignment, painted), self.global_step)


@torch.no_grad()
def quality(target: Float[Tensor, "B 3 H W"], painted: Hallucination) -> dict[str, Tensor]:
    """Measures PSNR, SSIM and, if its weights are available, LPIPS of the composites of every reference."""
    composed = painted.composed
    predicted = rearrange(composed, "b c f h w -> (b f) c h w")
    true = rearrange(target.unsqueeze(2).expand_as(composed), "b c f h w -> (b f) c h w")
    figures = {"psnr": psnr(predicted, true), "ssim": ssim(predicted, true)}
    lpips = try_lpips()
    return figures if lpips is None else figures | {"lpips": lpips(predicted, true)}
