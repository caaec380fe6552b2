"""From the arguments of Lightning's Trainer to the Trainer."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.loggers import TensorBoardLogger
from pytorch_lightning.utilities.exceptions import MisconfigurationException

from master_thesis.cli.build import GPU_WORDS, check_gpus, gpu_works, inference_precision
from master_thesis.cli.config_file import config_text
from master_thesis.cli.options import NetworkCommandOptions
from master_thesis.errors import UserError
from master_thesis.training.checkpointing import (
    AtomicCheckpointIO,
    ConfigFile,
    training_callbacks,
)
from master_thesis.training.loggers import LOGS, make_loggers
from master_thesis.training.signals import StopTestOnSignal

DEFAULT_LOGGER = "tensorboard"


def make_training_trainer(
    options: NetworkCommandOptions,
    checkpoint_every: int,
    steps_per_epoch: int,
    monitor: str,
    ema_decay: float = 0.0,
    more: Sequence[pl.Callback] = (),
) -> pl.Trainer:
    """The Trainer of a training; making it writes nothing.

    Args:
        options: of the sub-command.
        checkpoint_every: steps between checkpoints.
        steps_per_epoch: batches of an epoch, among which there should be figures.
        monitor: figure by which ``best.ckpt`` is chosen.
        ema_decay: decay of the average of the weights; 0: none is kept.
        more: further callbacks.
    """
    callbacks = [*more, *training_callbacks(config_text(options), checkpoint_every, monitor, ema_decay)]
    if options.trainer.get("enable_checkpointing") is False:
        callbacks = [c for c in callbacks if not isinstance(c, pl.callbacks.Checkpoint)]
    defaults = {} if options.trainer.get("barebones") else {"log_every_n_steps": min(50, steps_per_epoch)}
    return _make_trainer(options.gpus, {**defaults, **options.trainer}, callbacks)


def make_testing_trainer(options: NetworkCommandOptions) -> pl.Trainer:
    """The Trainer of a test; making it writes nothing."""
    given = {**options.trainer, "precision": inference_precision(options.trainer)}
    return _make_trainer(options.gpus, given, [ConfigFile(config_text(options)), StopTestOnSignal()])


def _make_trainer(gpus: int | None, given: dict[str, Any], callbacks: list[pl.Callback]) -> pl.Trainer:
    given = {**given, **where_to_run(gpus, given)}
    if not given.get("barebones"):
        loggers = make_loggers(_logger_name(given.get("logger")), Path(given.get("default_root_dir") or "."))
        given |= {"callbacks": callbacks, "plugins": [AtomicCheckpointIO()], "logger": loggers}
    with as_user_error(MisconfigurationException, ValueError, TypeError, RuntimeError, ImportError):
        return pl.Trainer(**given)


def where_to_run(gpus: int | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of the Trainer that choose where it runs: the CPU beside a GPU that PyTorch was not built for.

    Args:
        gpus: their number, if it was given.
        given: other arguments of the Trainer.
    """
    check_gpus(gpus)
    if gpus is not None:
        return {"accelerator": "gpu", "devices": gpus}
    is_gpu = given.get("accelerator", "auto") in GPU_WORDS and torch.cuda.is_available()
    return {"accelerator": "cpu"} if is_gpu and not gpu_works() else {}


def logs_folder(trainer: Mapping[str, Any]) -> Path:
    """The folder of all runs.

    Args:
        trainer: the given arguments of Lightning's Trainer.
    """
    return Path(trainer.get("default_root_dir") or ".") / LOGS


def describe_run(trainer: pl.Trainer) -> str:
    """The folder of a run, and the command that shows its figures, where there is one."""
    shown = any(isinstance(logger, TensorBoardLogger) for logger in trainer.loggers)
    folder = trainer.log_dir or ""
    return f"{folder} (shown by: tensorboard --logdir {Path(folder).parent})" if shown else folder


@contextmanager
def as_user_error(*kinds: type[Exception]) -> Iterator[None]:
    """Turns Lightning's errors about its arguments into :class:`UserError`.

    Args:
        kinds: errors that are meant for the user wherever they come from. Others are if Lightning itself raised them as
            a ``ValueError``; the rest are faults of this program and keep their traceback.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        is_meant = isinstance(error, kinds) or (isinstance(error, ValueError) and _is_by_lightning(error))
        if not is_meant:
            raise
        raise UserError(" ".join(str(error).split())) from error


def _is_by_lightning(error: Exception) -> bool:
    innermost = list(traceback.walk_tb(error.__traceback__))[-1][0]
    return str(innermost.f_globals.get("__name__", "")).startswith(("pytorch_lightning.", "lightning_fabric."))


def _logger_name(given: Any) -> str:
    """The name of a logger as :func:`make_loggers` takes it: TensorBoard unless another or none is given."""
    return {None: DEFAULT_LOGGER, True: DEFAULT_LOGGER, False: "false"}.get(given, str(given))
