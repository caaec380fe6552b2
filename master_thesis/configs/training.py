"""How a network is trained."""

from __future__ import annotations

from dataclasses import dataclass

from master_thesis.configs.fields import check_bounds, option
from master_thesis.errors import require


@dataclass(frozen=True)
class TrainingConfig:
    """What a training begins with, and what it keeps."""

    preset: str = option("thesis", "which networks to train", choices=("thesis", "small"))
    ckpt_path: str | None = option(
        None, "checkpoint to resume; last: the newest one in lightning_logs", metavar="FILE|last"
    )
    init_from: str | None = option(
        None, "checkpoint with weights to start from, where names and shapes fit", metavar="FILE"
    )
    recompute: bool = option(False, "use less memory: compute activations again in the backward pass (thesis preset)")
    checkpoint_every: int = option(500, "steps between checkpoints (another one ends each epoch)", within=(1, 10**9))

    def __post_init__(self) -> None:
        is_lean = not self.recompute or self.preset == "thesis"
        require(is_lean, "--recompute is for the thesis' networks: leave it out with --preset small")
        is_new = not (self.init_from and self.ckpt_path)
        require(is_new, "--init_from starts a new training, --ckpt_path resumes one: leave out one of them")
        check_bounds(self)


@dataclass(frozen=True)
class OptimConfig:
    """Adam and StepLR."""

    lr: float = option(0.0001, "learning rate of Adam")
    lr_scheduler_step_size: int = option(50, "epochs between two cuts of the learning rate", within=(1, 10**9))
    lr_scheduler_gamma: float = option(0.5, "factor of each cut")

    def __post_init__(self) -> None:
        require(self.lr > 0, f"--lr should be above 0, got {self.lr}")
        check_bounds(self)
        gamma = self.lr_scheduler_gamma
        require(0 < gamma <= 1, f"--lr_scheduler_gamma should lie in (0, 1], got {gamma}")


@dataclass(frozen=True)
class CHNLossConfig:
    """CHN's training loss."""

    perceptual_weight: float = option(0.5, "weight of CHN's perceptual loss; 0: VGG16 is not loaded at all")

    def __post_init__(self) -> None:
        weight = self.perceptual_weight
        require(weight >= 0, f"--perceptual_weight should be at least 0, got {weight}")
