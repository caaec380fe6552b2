"""How a network is trained."""

from __future__ import annotations

from dataclasses import dataclass

from master_thesis.configs.fields import check_bounds, option, resolved
from master_thesis.errors import require

PRESETS = ("thesis", "small")
TRAINED_PRESETS = (*PRESETS, "texture")
"""No weights of the texture preset are shipped."""


@dataclass(frozen=True)
class TrainingConfig:
    """What a training begins with, and what it keeps."""

    preset: str = option("thesis", "which networks to train", choices=TRAINED_PRESETS)
    ckpt_path: str | None = option(
        None, "checkpoint to resume; last: the newest one in lightning_logs", metavar="FILE|last"
    )
    init_from: str | None = option(
        None, "checkpoint with weights to start from, where names and shapes fit", metavar="FILE"
    )
    recompute: bool = option(False, "use less memory: compute activations again in the backward pass (thesis preset)")
    monitor: str | None = option(
        None,
        "figure by which best.ckpt is chosen, e.g. psnr or validation/psnr; default: epe_px (dfpn), total (chn)",
        metavar="NAME",
    )
    ema_decay: float = option(
        0.0, "decay of the average of the weights that is validated and saved, e.g. 0.999; 0: no average"
    )
    checkpoint_every: int = option(500, "steps between checkpoints (another one ends each epoch)", within=(1, 10**9))

    def __post_init__(self) -> None:
        is_lean = not self.recompute or self.preset == "thesis"
        require(is_lean, f"--recompute is for the thesis' networks: leave it out with --preset {self.preset}")
        is_new = not (self.init_from and self.ckpt_path)
        require(is_new, "--init_from starts a new training, --ckpt_path resumes one: leave out one of them")
        check_bounds(self)
        decay = self.ema_decay
        require(0 <= decay < 1, f"--ema_decay should be at least 0 and below 1, got {decay}")


@dataclass(frozen=True)
class OptimConfig:
    """Adam and StepLR; a training that is resumed keeps its own."""

    lr: float | None = option(None, "learning rate of Adam", otherwise=0.0001)
    lr_scheduler_step_size: int | None = option(
        None, "epochs between two cuts of the learning rate", otherwise=50, within=(1, 10**9)
    )
    lr_scheduler_gamma: float | None = option(None, "factor of each cut", otherwise=0.5)

    def __post_init__(self) -> None:
        lr, gamma = (resolved(self)[name] for name in ("lr", "lr_scheduler_gamma"))
        require(lr > 0, f"--lr should be above 0, got {lr}")
        check_bounds(self)
        require(0 < gamma <= 1, f"--lr_scheduler_gamma should lie in (0, 1], got {gamma}")


@dataclass(frozen=True)
class CHNLossConfig:
    """CHN's training loss; the defaults are the thesis'."""

    perceptual_weight: float = option(0.5, "weight of CHN's perceptual loss; 0 with --style_weight 0: without VGG16")
    pixel_weight: float = option(1.0, "factor of the losses of hallucinated pixels and of gradients, which like blur")
    style_weight: float = option(0.0, "weight of the loss between feature statistics (Gram matrices) of holes")
    adversarial_weight: float = option(0.0, "weight of a discriminator's judgement; 0: there is no discriminator")
    matching_weight: float = option(1.0, "weight of the loss between the discriminator's features, if there is one")

    def __post_init__(self) -> None:
        for name, weight in vars(self).items():
            require(weight >= 0, f"--{name} should be at least 0, got {weight}")

    @property
    def needs_vgg(self) -> bool:
        """Whether a loss compares the features of VGG16."""
        return self.perceptual_weight > 0 or self.style_weight > 0
