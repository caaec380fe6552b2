"""How a training ends early: Ctrl-C and SIGTERM after the step at hand, with a checkpoint; processes together."""

from __future__ import annotations

import logging
import signal
from pathlib import Path
from types import FrameType
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback, ModelCheckpoint

from master_thesis.runtime.distributed import SharedError

log = logging.getLogger(__name__)

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class SignalStop(Callback):
    """Writes ``last.ckpt`` and ends the process when it was asked to end.

    A signal may come in the middle of a step, when weights and progress do not fit each other, so it is only noted; the
    step is finished first. The second one ends the process at once. The exit code is that of shells, 128 + signal.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._before: dict[int, Any] = {}

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Takes over the signals; Lightning's own handlers stand by then."""
        try:
            self._before = {number: signal.signal(number, self._note) for number in SIGNALS}
        except ValueError:  # only the main thread may: whoever trains in another one stops it by other means
            self._before = {}

    def on_train_batch_end(self, trainer: pl.Trainer, *args: Any) -> None:
        """Stops here if it was asked for; after the last step of an epoch its end is near."""
        if not trainer.fit_loop.epoch_loop.batch_progress.is_last_batch and self._is_asked(trainer):
            self._stop(trainer)

    def on_validation_batch_end(self, trainer: pl.Trainer, *args: Any) -> None:
        """Stops here if it was asked for; the resumed run validates from the start.

        Several processes have unequally many batches here, so that they cannot ask each other: they go on to a step.
        """
        if not trainer.sanity_checking and trainer.world_size == 1 and self._is_asked(trainer):
            _rewind_validation(trainer)
            self._stop(trainer)

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        """Gives the signals back; and stops if the signal ended the workers before a batch came."""
        is_waiting = isinstance(exception, RuntimeError) and "DataLoader worker" in str(exception)
        if self.received and is_waiting and not trainer.validating:
            self._stop(trainer)
        self._give_back()

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Gives the signals back."""
        self._give_back()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.received = number
        log.warning("%s: a checkpoint follows; once more ends at once", signal.Signals(number).name)
        for each in SIGNALS:
            signal.signal(each, signal.SIG_DFL)

    def _is_asked(self, trainer: pl.Trainer) -> bool:
        """Whether any process was: all must stop at the same step."""
        is_asked = self.received is not None
        return trainer.strategy.reduce_boolean_decision(is_asked, all=False) if trainer.world_size > 1 else is_asked

    def _stop(self, trainer: pl.Trainer) -> None:
        path = last_path(trainer)
        if path is None:
            log.warning("stopped at step %d; no checkpoint was wanted", trainer.global_step)
        else:
            trainer.save_checkpoint(path)
            how = "the same command with --ckpt_path last goes on"
            log.warning("stopped at step %d, %s is written: %s", trainer.global_step, path, how)
        self._give_back()
        raise SystemExit(128 + (self.received or signal.SIGTERM))

    def _give_back(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}


class EndTogether(Callback):
    """Where the first process fails alone (a full disk: it alone writes), it ends those that it started.

    Left to themselves they end with a traceback about their lost connection.
    """

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        """Ends them before the connection is closed."""
        if not isinstance(exception, Exception) or isinstance(exception, SharedError):  # all end by themselves
            return
        started = getattr(trainer.strategy.launcher, "procs", [])
        ending = list(started)
        started.clear()  # Lightning's observer looks at this very list, and would kill this process too
        for process in ending:
            process.kill()
            process.wait()


def last_path(trainer: pl.Trainer) -> Path | None:
    """Where a training keeps its newest state; None where it keeps none."""
    kept = (c for c in trainer.checkpoint_callbacks if isinstance(c, ModelCheckpoint) and c.filename == "last")
    folder = next((c.dirpath for c in kept), None)
    return Path(folder) / "last.ckpt" if folder else None


def _rewind_validation(trainer: pl.Trainer) -> None:
    """Makes Lightning's progress that of a validation whose first batch has begun: it is repeated as a whole then."""
    progress = trainer.fit_loop.epoch_loop.val_loop.batch_progress
    done = progress.total.completed - progress.current.completed
    counts: Any
    for counts, num in ((progress.total, done), (progress.current, 0)):
        counts.ready = counts.started = num + 1
        counts.processed = counts.completed = num
    progress.is_last_batch = False
