"""Files of a run: checkpoints, the folder of its logs, and its options."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from lightning_fabric.plugins.io.torch_io import TorchCheckpointIO
from pytorch_lightning.callbacks import Callback, LearningRateMonitor, ModelCheckpoint

from master_thesis.checkpoints.reading import network_entry, read_checkpoint
from master_thesis.errors import UserError
from master_thesis.runtime.atomic import atomic_path
from master_thesis.training.signals import StopOnSignal, StopRanksOnError


class StepCheckpoint(ModelCheckpoint):
    """Saves a checkpoint every N steps, except after the last step of an epoch.

    Lightning (2.6) counts epochs wrongly when a run is resumed from there twice, and another callback saves the end of
    the epoch.
    """

    def on_train_batch_end(self, trainer: pl.Trainer, *args: Any) -> None:
        """Saves a checkpoint if one is due."""
        if not trainer.fit_loop.epoch_loop.batch_progress.is_last_batch:
            super().on_train_batch_end(trainer, *args)


def checkpoint_callbacks(every_n_steps: int) -> list[Callback]:
    """Returns the callbacks for ``last.ckpt`` (every N steps, after each epoch) and ``best.ckpt`` (validation loss)."""
    last: dict[str, Any] = {"filename": "last", "enable_version_counter": False}
    return [
        StepCheckpoint(every_n_train_steps=every_n_steps, **last),
        ModelCheckpoint(every_n_epochs=1, save_on_train_epoch_end=True, **last),
        ModelCheckpoint(monitor="validation/total", filename="best", enable_version_counter=False),
    ]


def training_callbacks(config: str, every_n_steps: int) -> list[Callback]:
    """Returns all callbacks of a training (``config``: see :class:`ConfigFile`)."""
    return [
        ConfigFile(config),
        LearningRateMonitor(),
        StopOnSignal(),
        StopRanksOnError(),
        *checkpoint_callbacks(every_n_steps),
    ]


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes a checkpoint completely or not at all, on any file system, and flushes it to the disk."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        """Writes a checkpoint under a temporary name and renames it.

        Raises:
            UserError: If it cannot be written; the previous checkpoint remains.
        """
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        buffer = io.BytesIO()
        torch.save(checkpoint, buffer)
        with atomic_path(Path(path)) as part:
            part.write_bytes(buffer.getbuffer())


class ConfigFile(Callback):
    """Writes ``config.yaml`` into the folder of a run.

    Args:
        text: content of the file, which repeats the run.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Called when a run starts, after everything about its options has been checked."""
        log_dir = trainer.log_dir  # every process must ask exactly once: the first one broadcasts it
        if log_dir is None or not trainer.is_global_zero or getattr(trainer, "fast_dev_run", False):
            return
        folder = Path(log_dir)
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_path(folder / "config.yaml") as part:
            part.write_text(self.text, encoding="utf-8")


@dataclass(frozen=True)
class ResumePoint:
    """A checkpoint that a training can be resumed from.

    Attributes:
        path: the file.
        entry: its network, ``{"kind": ..., "sizes": {...}}``.
    """

    path: Path
    entry: dict[str, Any]


def resumable(path: Path, kind: str) -> ResumePoint:
    """Reads a checkpoint from which a training is to be resumed.

    Args:
        path: the checkpoint.
        kind: of the network to train, a key of ``registry.NETWORKS``.

    Raises:
        UserError: it is missing, damaged, of another network, or holds weights alone.
    """
    checkpoint = read_checkpoint(path)
    entry = network_entry(checkpoint)
    if entry is None or entry["kind"] != kind:
        found = "no network of this project" if entry is None else entry["kind"].upper()
        raise UserError(f"--ckpt_path {path} should hold a training of {kind.upper()}, but it holds {found}")
    if not {"loops", "optimizer_states", "lr_schedulers"} <= checkpoint.keys():
        raise UserError(f"--ckpt_path {path} holds weights alone, without a state to resume the training from")
    return ResumePoint(path, entry)


def newest_checkpoint(logs: Path, kind: str) -> ResumePoint:
    """Finds the newest complete checkpoint of a training.

    Args:
        logs: folder of the runs, ``lightning_logs``.
        kind: of the network to train.

    Raises:
        UserError: there is none.
    """
    # best.ckpt is written before an epoch has ended: the last choice.
    found = sorted(
        logs.glob("*/checkpoints/*.ckpt"),
        key=lambda path: (path.name != "best.ckpt", path.stat().st_mtime_ns),
        reverse=True,
    )
    for path in found:
        try:
            return resumable(path, kind)
        except UserError:
            continue
    raise UserError(f"--ckpt_path last: there is no complete checkpoint of a training of {kind.upper()} below {logs}")
