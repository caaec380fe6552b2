"""Files of a run: checkpoints, the folder of its logs, and its options."""

from __future__ import annotations

import io
import logging
import shutil
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from lightning_fabric.plugins.io.torch_io import TorchCheckpointIO
from pytorch_lightning.callbacks import Callback, EMAWeightAveraging, LearningRateMonitor, ModelCheckpoint
from torch import Tensor

from master_thesis.errors import require
from master_thesis.runtime.atomic import atomic_path
from master_thesis.training.signals import StopOnSignal, StopRanksOnError

log = logging.getLogger(__name__)

VALIDATION = "validation/"
MORE_IS_BETTER = frozenset({"psnr", "ssim", "counted_share"})
"""Validation figures of which more is better."""


def mode_of(monitor: str) -> str:
    """Whether the ``max`` or the ``min`` of a figure is its best value.

    >>> mode_of("validation/psnr"), mode_of("validation/total")
    ('max', 'min')
    """
    return "max" if monitor.rpartition("/")[2] in MORE_IS_BETTER else "min"


class EpochCheckpoint(ModelCheckpoint):
    """Saves ``last.ckpt``, whatever the folder of the run that is resumed."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Does nothing: there is no state to restore."""


class StepCheckpoint(EpochCheckpoint):
    """Saves a checkpoint every N steps, except after the last step of an epoch.

    Lightning (2.6) counts epochs wrongly when a run is resumed from there twice, and another callback saves the end of
    the epoch.
    """

    def on_train_batch_end(self, trainer: pl.Trainer, *args: Any) -> None:
        """Saves a checkpoint if one is due."""
        if not trainer.fit_loop.epoch_loop.batch_progress.is_last_batch:
            super().on_train_batch_end(trainer, *args)


class BestCheckpoint(ModelCheckpoint):
    """Keeps ``best.ckpt``, the best of the complete run: a resumed run continues with its score and file.

    Args:
        monitor: figure that decides, ``validation/<name>``; more is better for those in :data:`MORE_IS_BETTER`.
    """

    def __init__(self, monitor: str) -> None:
        super().__init__(monitor=monitor, mode=mode_of(monitor), filename="best", enable_version_counter=False)
        self._resumed: dict[str, Any] | None = None

    @property
    def state_key(self) -> str:
        """The key of Lightning's own class, under which other checkpoints keep their best score."""
        return super().state_key.replace(type(self).__name__, ModelCheckpoint.__name__, 1)

    def on_sanity_check_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Checks the name of the figure before the first epoch.

        Raises:
            UserError: validation does not log it.
        """
        names = sorted(name for name in trainer.callback_metrics if name.startswith(VALIDATION))
        is_known = not names or self.monitor in names
        require(is_known, f"--monitor should be among {' '.join(names)}, got {self.monitor}")

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Keeps the state of the resumed run until the folder of this one is written to."""
        self._resumed = state_dict

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Copies the best checkpoint of the resumed run."""
        super().on_train_start(trainer, pl_module)
        state, self._resumed = self._resumed, None
        if state is None or state["best_model_score"] is None or not self.dirpath:
            return
        beside = Path(str(trainer.ckpt_path)).with_name("best.ckpt")  # where the folder of the run has been moved
        source = next((path for path in (Path(state["best_model_path"]), beside) if path.is_file()), None)
        if source is None:
            score = float(state["best_model_score"])
            log.warning("the best checkpoint so far (%s %.4g) is gone: best.ckpt starts again", self.monitor, score)
            return
        name = self.format_checkpoint_name({})  # exactly, as Lightning removes files of other names
        own = Path(name)
        if trainer.is_global_zero and source != own:
            own.parent.mkdir(parents=True, exist_ok=True)
            with atomic_path(own) as part:
                shutil.copyfile(source, part)
        self._adopt(name, state["best_model_score"])

    def _adopt(self, path: str, score: Tensor) -> None:
        self.best_model_path = self.kth_best_model_path = path
        self.best_model_score = self.kth_value = score
        self.best_k_models = {path: score}


def checkpoint_callbacks(every_n_steps: int, monitor: str) -> list[Callback]:
    """Returns the callbacks for ``last.ckpt`` (every N steps, after each epoch) and ``best.ckpt``.

    Args:
        every_n_steps: steps between two checkpoints.
        monitor: see :class:`BestCheckpoint`. The best checkpoint is written first, so that the last one names it.
    """
    last: dict[str, Any] = {"filename": "last", "enable_version_counter": False}
    return [
        BestCheckpoint(monitor),
        StepCheckpoint(every_n_train_steps=every_n_steps, **last),
        EpochCheckpoint(every_n_epochs=1, save_on_train_epoch_end=True, **last),
    ]


def training_callbacks(config: str, every_n_steps: int, monitor: str, ema_decay: float = 0.0) -> list[Callback]:
    """Returns all callbacks of a training.

    Args:
        config: see :class:`ConfigFile`.
        every_n_steps: see :func:`checkpoint_callbacks`.
        monitor: see :class:`BestCheckpoint`.
        ema_decay: decay of the average of the weights; 0: none is kept.
    """
    average: list[Callback] = [AverageWeights(decay=ema_decay)] if ema_decay else []
    own: list[Callback] = [ConfigFile(config), LearningRateMonitor(), StopOnSignal(), StopRanksOnError()]
    return [*average, *own, *checkpoint_callbacks(every_n_steps, monitor)]


class AverageWeights(EMAWeightAveraging):
    """Validates and saves an exponential moving average of the weights, kept on the device of the training."""

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Creates the average; the module itself has not been moved to its device yet."""
        self._device = trainer.strategy.root_device
        super().setup(trainer, pl_module, stage)


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
