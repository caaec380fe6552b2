"""The common base of all trainings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytorch_lightning as pl
import torch
from jaxtyping import Float
from torch import Tensor
from torch.optim import Adam
from torch.optim.lr_scheduler import StepLR

from master_thesis.checkpoints.loading import make_network
from master_thesis.checkpoints.reading import NETWORK_KEY, OWN_PREFIX
from master_thesis.configs.fields import resolved
from master_thesis.configs.training import OptimConfig
from master_thesis.data.loading import ClipLoader
from master_thesis.records import Clip, Losses, Record
from master_thesis.runtime.distributed import require_everywhere
from master_thesis.training.figures import show


class NetworkTraining(pl.LightningModule, ABC):
    """Trains one registered network; subclasses define its losses and figures.

    A checkpoint holds the network (keys ``network.*``), its kind and sizes (``checkpoint["network"]``) and Lightning's
    own state. Other modules of a subclass, such as frozen helpers, move between devices with it but are not saved.

    Args:
        kind: kind of network, a key of ``registry.NETWORKS``.
        sizes: keyword arguments of the network's class.
        optim: options of Adam and StepLR, or a mapping with them (as ``load_from_checkpoint`` passes it).
    """

    monitor = "total"
    """The validation figure by which ``best.ckpt`` is chosen."""

    def __init__(self, kind: str, sizes: Mapping[str, Any], optim: OptimConfig | Mapping[str, Any]) -> None:
        super().__init__()
        self.network_entry: dict[str, Any] = {"kind": kind, "sizes": dict(sizes)}
        self.optim = optim if isinstance(optim, OptimConfig) else OptimConfig(**optim)
        self.network = make_network(kind, sizes)

    @property
    def lr(self) -> float:
        """The learning rate to begin with; Lightning's ``Tuner.lr_find`` sets it."""
        return float(resolved(self.optim)["lr"])

    @lr.setter
    def lr(self, value: float) -> None:
        self.optim = replace(self.optim, lr=value)

    @abstractmethod
    def forward(self, clip: Clip) -> Any:
        """Runs the network on a batch as in training, and returns its prediction."""

    @abstractmethod
    def predict(self, clip: Clip) -> Record:
        """Runs the network on a batch as in use."""

    def predict_step(self, clip: Clip, batch_idx: int = 0) -> dict[str, Tensor]:
        """Returns the fields of a prediction by name; Lightning cannot move a frozen record to the CPU."""
        return {name: value for name, value in vars(self.predict(clip)).items() if value is not None}

    @abstractmethod
    def losses(self, clip: Clip) -> Losses:
        """Computes the parts of the loss of a batch."""

    @abstractmethod
    def figures(self, clip: Clip) -> Float[Tensor, "3 H W"]:
        """Draws the results for a batch, a row per clip and reference, RGB in [0, 1]."""

    def training_step(self, clip: Clip, batch_idx: int) -> Float[Tensor, ""]:
        """Computes and logs the loss to minimise.

        Raises:
            SharedError: If the loss is not finite, in any process.
        """
        losses = self.losses(clip)
        total, fault = losses.total, None
        if not torch.isfinite(total):
            fault = (
                f"the loss is {total.item()} at step {self.global_step} "
                f"(epoch {self.current_epoch}, batch {batch_idx}, {', '.join(clip.names)}); "
                "resume from the last checkpoint, with a smaller --lr if this happens again"
            )
        require_everywhere(fault)
        self.log_losses("train", losses, clip)
        return total

    def on_train_epoch_end(self) -> None:
        """Reports clips without movement."""  # the loader could not: Lightning never reads beyond its last batch
        loader = self.trainer.train_dataloader
        if isinstance(loader, ClipLoader):
            loader.still_clips.report()

    def validation_step(self, clip: Clip, batch_idx: int) -> None:
        """Logs the losses of a batch, and draws the first batch."""
        self.log_losses("validation", self.losses(clip), clip)
        if batch_idx == 0:
            show(self, "validation/clips", self.figures(clip), self.global_step)

    def log_losses(self, stage: str, losses: Losses, clip: Clip) -> None:
        """Logs the total and every part: in training each step and the mean of the epoch, in validation the mean."""
        self.log_all(stage, {"total": losses.total, **losses.parts}, clip)

    def log_all(self, stage: str, figures: Mapping[str, Tensor], clip: Clip) -> None:
        """Logs figures as ``<stage>/<name>``, those of training also as ``train_epoch/<name>``."""
        # Validation averages over all processes; training logs the first one's losses, without waiting.
        common: dict[str, Any] = {"batch_size": len(clip.is_simulated), "sync_dist": stage != "train"}
        for name, figure in figures.items():
            value, is_shown = figure.detach().float(), name == "total"
            if stage == "train":
                self.log(f"train/{name}", value, prog_bar=is_shown, on_step=True, on_epoch=False, **common)
                self.log(f"train_epoch/{name}", value, on_step=False, on_epoch=True, **common)
            else:
                self.log(f"{stage}/{name}", value, prog_bar=is_shown, on_step=False, on_epoch=True, **common)

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Returns what Adam trains, in its groups: the trainable parameters of the network."""
        return [{"params": [p for p in self.network.parameters() if p.requires_grad]}]

    def configure_optimizers(self) -> Any:
        """Returns Adam for the trainable parameters, with a StepLR that counts epochs."""
        o = resolved(self.optim)
        # Under mixed precision Lightning cannot clip gradients for a fused optimiser, which may unscale them itself.
        is_fused = not (self.trainer.precision.endswith("mixed") and self.trainer.gradient_clip_val)
        adam = Adam(self.parameter_groups(), lr=o["lr"], fused=is_fused)
        scheduler = StepLR(adam, step_size=o["lr_scheduler_step_size"], gamma=o["lr_scheduler_gamma"])
        return {"optimizer": adam, "lr_scheduler": {"scheduler": scheduler, "interval": "epoch"}}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Adds the kind and sizes of the network, so that loading needs no flag."""
        checkpoint[NETWORK_KEY] = self.network_entry

    def state_dict(self, *args: Any, prefix: str = "", **kwargs: Any) -> dict[str, Any]:  # type: ignore[override]
        """Returns the tensors of the network alone."""
        state = super().state_dict(*args, prefix=prefix, **kwargs)
        return {k: v for k, v in state.items() if k.startswith(prefix + OWN_PREFIX)}

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """Loads what :meth:`state_dict` returns; helpers stay unchanged."""
        own = {k.removeprefix(OWN_PREFIX): v for k, v in state_dict.items() if k.startswith(OWN_PREFIX)}
        return self.network.load_state_dict(own, strict=strict, assign=assign)
