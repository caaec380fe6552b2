"""Interrupted trainings: whatever the moment, the resumed run ends with the weights of an uninterrupted one."""

import os
import random
import signal
import time

import pytest
import pytorch_lightning as pl

from master_thesis.cli.main import main
from master_thesis.training import signals
from master_thesis.training.base import NetworkTraining
from scripts.tiny import newest_checkpoint
from stress import kills
from tests.commands import TINY_DATA, TINY_DFPN, TINY_RUN
from tests.run_folders import VERSION, events, last, same_weights

# Lightning advises on workers, logging and accelerators.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")

OPTIONS = (
    f"{TINY_DATA} {TINY_RUN} {TINY_DFPN} --p_simulator_bgs 1 --lr 0.01 --lr_scheduler_step_size 1 --max_epochs 2 "
    "--num_sanity_val_steps 0 --validation_max_iterations 2"
)


def train(folder, sample_tree, monkeypatch, more=""):
    folder.mkdir(exist_ok=True)
    monkeypatch.chdir(folder)
    return main(f"--data_path {sample_tree} {OPTIONS} {more}".split())


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory, sample_tree):
    folder = tmp_path_factory.mktemp("uninterrupted")
    with pytest.MonkeyPatch.context() as patch:
        assert train(folder, sample_tree, patch) == 0
    return folder


class Killed(BaseException):
    """Ends a run without a chance to react."""


def interrupt(monkeypatch, moment, action):
    """Calls ``action`` at the given step, counted over training and validation together."""
    calls = []

    def interrupted(original):
        def step(self, *args):
            calls.append(None)
            if len(calls) == moment:
                action()
            return original(self, *args)

        return step

    for name in ("training_step", "validation_step"):
        monkeypatch.setattr(NetworkTraining, name, interrupted(getattr(NetworkTraining, name)))


def die():
    raise Killed


@pytest.mark.parametrize("seed", range(2))
def test_repeatedly_killed_training_ends_with_the_same_weights(uninterrupted, sample_tree, tmp_path, monkeypatch, seed):
    """Also when killed twice within an epoch or in validation, where Lightning's own counters go wrong."""
    rng = random.Random(seed)
    every = f"--checkpoint_every {rng.choice([1, 2])}"
    for _ in range(5):
        more = f"{every} --ckpt_path last" if newest_checkpoint(tmp_path) else every
        with monkeypatch.context() as patch:
            interrupt(patch, rng.randrange(1, 5), die)
            try:
                train(tmp_path, sample_tree, patch, more)
            except Killed:
                continue
            break
    assert train(tmp_path, sample_tree, monkeypatch, f"{every} --ckpt_path last") == 0
    assert same_weights(newest_checkpoint(tmp_path), last(uninterrupted))


@pytest.mark.parametrize(
    ("number", "code", "moment"),
    [*((signal.SIGINT, 130, moment) for moment in (2, 3, 4, 5)), (signal.SIGTERM, 143, 2)],
)
def test_signal_loses_no_step(uninterrupted, sample_tree, tmp_path, monkeypatch, capsys, number, code, moment):
    """In the middle of an epoch, at its last step and in validation, the run stops there and resumes from there."""
    before = signal.getsignal(number)
    with monkeypatch.context() as patch:
        interrupt(patch, moment, lambda: os.kill(os.getpid(), number))
        with pytest.raises(SystemExit) as stopped:
            train(tmp_path, sample_tree, patch)
    assert stopped.value.code == code
    assert signal.getsignal(number) == before
    step = min(moment, 3)
    assert f"stopped at step {step} and saved " in (printed := capsys.readouterr().err)
    assert "checkpoints/last.ckpt; run the same command with --ckpt_path last to resume" in printed
    assert kills.step_of(last(tmp_path)) == step
    assert train(tmp_path, sample_tree, monkeypatch, "--ckpt_path last") == 0
    assert same_weights(newest_checkpoint(tmp_path), last(uninterrupted))
    wanted, found = (events(f, v).Scalars("validation/total") for f, v in ((uninterrupted, 0), (tmp_path, 1)))
    assert [e.value for e in found] == [e.value for e in wanted], "an interrupted validation is repeated in full"


def test_signal_without_checkpoints_is_reported(sample_tree, tmp_path, monkeypatch, capsys):
    interrupt(monkeypatch, 2, lambda: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(SystemExit):
        train(tmp_path, sample_tree, monkeypatch, "--enable_checkpointing false")
    assert "stopped at step 2 without a checkpoint, as requested" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_second_signal_ends_the_process_at_once(tmp_path):
    """A fork of this process receives the signals."""
    process = os.fork()
    if not process:
        try:
            for number in signals.SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            signals.StopOnSignal().on_train_start(object.__new__(pl.Trainer), object.__new__(pl.LightningModule))
            os.kill(os.getpid(), signal.SIGINT)
            (tmp_path / "noted").touch()
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == -signal.SIGINT
    assert (tmp_path / "noted").exists()
    assert signals.SIGNALS == (signal.SIGINT, signal.SIGTERM)


@pytest.mark.slow
def test_killed_at_a_random_moment_with_workers(sample_tree, tmp_path, monkeypatch):
    """The short version of stress/kills.py; only the run that is killed is a process of its own."""
    kills.kill_once(tmp_path / "killed", sample_tree, 2, 0.4, more=SHORT)
    (tmp_path / "uninterrupted").mkdir()
    for name, workers in (("killed", 2), ("uninterrupted", 0)):
        monkeypatch.chdir(tmp_path / name)
        assert main(kills.arguments(sample_tree, workers, *SHORT, *kills.resume(tmp_path / name))) == 0
    assert kills.is_same(newest_checkpoint(tmp_path / "killed"), newest_checkpoint(tmp_path / "uninterrupted"))
    assert not list(tmp_path.glob(f"uninterrupted/{VERSION}0/checkpoints/*.part"))


SHORT = ("--max_epochs", "2", "--train_max_iterations", "12")
