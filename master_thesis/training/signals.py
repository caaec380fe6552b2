"""Early ends: of a training on a signal after the current step, with a checkpoint; of a test at once; on an error."""

from __future__ import annotations

import contextlib
import logging
import signal
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback, ModelCheckpoint

from master_thesis.records import Clip
from master_thesis.runtime.distributed import SharedError

log = logging.getLogger(__name__)

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopOnSignal(Callback):
    """Writes ``last.ckpt`` and ends the process on Ctrl-C or SIGTERM.

    In the middle of a step, weights and progress do not match, so the first signal is only recorded and the step is
    finished. A second signal ends the process at once. The exit code is that of shells, 128 + signal.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._before: dict[int, Any] = {}

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Installs the handlers, in place of Lightning's own."""
        try:
            self._before = {number: signal.signal(number, self._on_signal) for number in SIGNALS}
        except ValueError:  # only the main thread can install handlers; other threads are stopped by other means
            self._before = {}

    def on_train_batch_end(self, trainer: pl.Trainer, *args: Any) -> None:
        """Stops if a signal has arrived, except after the last step of an epoch: its end stops the run."""
        if not trainer.fit_loop.epoch_loop.batch_progress.is_last_batch and self._is_requested(trainer):
            self._stop(trainer)

    def on_validation_batch_end(self, trainer: pl.Trainer, *args: Any) -> None:
        """Stops if a signal has arrived; the resumed run repeats the validation.

        Several processes cannot agree here, because they may have different numbers of batches; they stop after the
        next training step.
        """
        if not trainer.sanity_checking and trainer.world_size == 1 and self._is_requested(trainer):
            _rewind_validation(trainer)
            self._stop(trainer)

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        """Restores the handlers; stops the run if the signal ended the workers of a data loader first."""
        is_worker_lost = isinstance(exception, RuntimeError) and "DataLoader worker" in str(exception)
        if self.received and is_worker_lost and not trainer.validating:
            self._stop(trainer)
        self._restore_handlers()

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Restores the handlers."""
        self._restore_handlers()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.received = number
        name = signal.Signals(number).name
        log.warning("%s: stopping with a checkpoint after this step; a second signal stops at once", name)
        for each in SIGNALS:
            signal.signal(each, signal.SIG_DFL)

    def _is_requested(self, trainer: pl.Trainer) -> bool:
        """Returns whether a signal has reached any process; all of them must stop at the same step."""
        has_received = self.received is not None
        if trainer.world_size == 1:
            return has_received
        return trainer.strategy.reduce_boolean_decision(has_received, all=False)

    def _stop(self, trainer: pl.Trainer) -> None:
        path = last_path(trainer)
        if path is None:
            log.warning("stopped at step %d without a checkpoint, as requested", trainer.global_step)
        else:
            trainer.save_checkpoint(path)
            how = "run the same command with --ckpt_path last to resume"
            log.warning("stopped at step %d and saved %s; %s", trainer.global_step, path, how)
        self._restore_handlers()
        raise SystemExit(128 + (self.received or signal.SIGTERM))

    def _restore_handlers(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}


class StopTestOnSignal(Callback):
    """Ends a test at once on Ctrl-C or SIGTERM, and reports which sequences are not done.

    Nothing has to be saved first: a video is written completely or not at all. The exit code is 128 + signal.
    """

    def __init__(self) -> None:
        self.left: Counter[str] = Counter()
        self._before: dict[int, Any] = {}

    def on_test_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Installs the handlers, in place of Lightning's own."""
        clips = trainer.datamodule.test_clips  # type: ignore[attr-defined]
        self.left = Counter(sequence.name for sequence, _ in clips.items)
        with contextlib.suppress(ValueError):  # only the main thread can install handlers
            self._before = {number: signal.signal(number, self._on_signal) for number in SIGNALS}

    def on_test_batch_end(self, trainer: pl.Trainer, pl_module: Any, outputs: Any, batch: Clip, *args: Any) -> None:
        """Counts the clips of a batch as done."""
        self.left -= Counter(batch.names)

    def on_test_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Restores the handlers."""
        self._restore_handlers()

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        """Restores the handlers."""
        self._restore_handlers()

    def _restore_handlers(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        for each in SIGNALS:  # a second signal ends the process even while the first one is handled
            signal.signal(each, signal.SIG_DFL)
        log.warning("%s: stopped; not done: %s", signal.Signals(number).name, ", ".join(self.left) or "nothing")
        raise SystemExit(128 + number)


class StopRanksOnError(Callback):
    """Ends the processes that the first process started when it fails alone, as on a full disk.

    Only the first process writes. Otherwise the others would end with a traceback about a lost connection.
    """

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        """Ends the processes before the connection closes."""
        if not isinstance(exception, Exception) or isinstance(exception, SharedError):  # every process ends by itself
            return
        started = getattr(trainer.strategy.launcher, "procs", [])
        ending = list(started)
        started.clear()  # Lightning's observer watches this very list and would kill this process, too
        for process in ending:
            process.kill()
            process.wait()


def last_path(trainer: pl.Trainer) -> Path | None:
    """Returns the path of ``last.ckpt``; None if checkpoints are disabled."""
    kept = (c for c in trainer.checkpoint_callbacks if isinstance(c, ModelCheckpoint) and c.filename == "last")
    folder = next((c.dirpath for c in kept), None)
    return Path(folder) / "last.ckpt" if folder else None


def _rewind_validation(trainer: pl.Trainer) -> None:
    """Sets Lightning's progress to the start of a validation, so that a resumed run repeats all of it."""
    progress = trainer.fit_loop.epoch_loop.val_loop.batch_progress
    done = progress.total.completed - progress.current.completed
    counts: Any
    for counts, num in ((progress.total, done), (progress.current, 0)):
        counts.ready = counts.started = num + 1
        counts.processed = counts.completed = num
    progress.is_last_batch = False
