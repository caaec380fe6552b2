"""Trainings that are interrupted: whatever the moment, the resumed run ends where an uninterrupted one does."""

import os
import random
import signal
import subprocess
import sys

import pytest

from master_thesis.cli.main import main
from master_thesis.training import signals as stopping
from master_thesis.training.base import NetworkTraining
from stress import kills
from tests.cli.test_commands import VERSION, events, last, same_weights
from tests.commands import TINY_DATA, TINY_DFPN, TINY_RUN

# Lightning's advice on workers, logging and accelerators is not what these tests are about.
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
    """The end of a process that is told nothing."""


def break_in(monkeypatch, moment, action):
    """Does something at the so-many-th step, of training and validation together."""
    calls = []

    def broken(original):
        def step(self, *args):
            calls.append(None)
            if len(calls) == moment:
                action()
            return original(self, *args)

        return step

    for name in ("training_step", "validation_step"):
        monkeypatch.setattr(NetworkTraining, name, broken(getattr(NetworkTraining, name)))


def die():
    raise Killed


@pytest.mark.parametrize("seed", range(3))
def test_a_training_killed_again_and_again_ends_with_the_same_weights(
    uninterrupted, sample_tree, tmp_path, monkeypatch, seed
):
    """Also twice within an epoch and in validation: there Lightning's own counters go astray."""
    rng = random.Random(seed)
    every = f"--checkpoint_every {rng.choice([1, 2])}"
    for _ in range(5):
        more = f"{every} --ckpt_path last" if kills.newest(tmp_path) else every
        with monkeypatch.context() as patch:
            break_in(patch, rng.randrange(1, 5), die)
            try:
                train(tmp_path, sample_tree, patch, more)
            except Killed:
                continue
            break
    assert train(tmp_path, sample_tree, monkeypatch, f"{every} --ckpt_path last") == 0
    assert same_weights(kills.newest(tmp_path), last(uninterrupted))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("moment", [2, 3, 4, 5])
def test_a_signal_costs_nothing(uninterrupted, sample_tree, tmp_path, monkeypatch, capsys, number, code, moment):
    """In the middle of an epoch, at its last step, in validation: the run stops there, and goes on from there."""
    before = signal.getsignal(number)
    with monkeypatch.context() as patch:
        break_in(patch, moment, lambda: os.kill(os.getpid(), number))
        with pytest.raises(SystemExit) as stopped:
            train(tmp_path, sample_tree, patch)
    assert stopped.value.code == code
    assert signal.getsignal(number) == before
    step = min(moment, 3)
    assert f"stopped at step {step}, " in (said := capsys.readouterr().err)
    assert "checkpoints/last.ckpt is written: the same command with --ckpt_path last goes on" in said
    assert kills.step_of(last(tmp_path)) == step
    assert train(tmp_path, sample_tree, monkeypatch, "--ckpt_path last") == 0
    assert same_weights(kills.newest(tmp_path), last(uninterrupted))
    wanted, found = (events(f, v).Scalars("validation/total") for f, v in ((uninterrupted, 0), (tmp_path, 1)))
    assert [e.value for e in found] == [e.value for e in wanted], "a validation that was cut short is made whole"


def test_without_checkpoints_a_signal_says_so(sample_tree, tmp_path, monkeypatch, capsys):
    break_in(monkeypatch, 2, lambda: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(SystemExit):
        train(tmp_path, sample_tree, monkeypatch, "--enable_checkpointing false")
    assert "stopped at step 2; no checkpoint was wanted" in capsys.readouterr().err


def test_the_second_signal_ends_at_once(tmp_path):
    code = (
        "import os, signal, time\nfrom master_thesis.training.stopping import SignalStop\n"
        "stop = SignalStop(); stop.on_train_start(None, None)\n"
        "os.kill(os.getpid(), signal.SIGINT); print('noted', flush=True); os.kill(os.getpid(), signal.SIGINT)\n"
        "time.sleep(1); print('still here')\n"
    )
    env = os.environ | {"PYTHONPATH": str(kills.ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False)
    assert (done.returncode, done.stdout) == (-signal.SIGINT, "noted\n")
    assert stopping.SIGNALS == (signal.SIGINT, signal.SIGTERM)


@pytest.mark.slow
def test_killed_at_random_moments_with_workers(sample_tree, tmp_path, monkeypatch):
    """The short version of stress/kills.py: real processes, SIGKILL; only those that are killed have their own."""
    for delay in (0.6, 0.3):
        kills.kill_once(tmp_path / "killed", sample_tree, 2, delay, more=SHORT)
    (tmp_path / "whole").mkdir()
    for name, workers in (("killed", 2), ("whole", 0)):
        monkeypatch.chdir(tmp_path / name)
        assert main(kills.arguments(sample_tree, workers, *SHORT, *kills.resume(tmp_path / name))) == 0
    assert kills.is_same(kills.newest(tmp_path / "killed"), kills.newest(tmp_path / "whole"))
    assert not list(tmp_path.glob(f"whole/{VERSION}0/checkpoints/*.part"))


SHORT = ("--max_epochs", "2", "--train_max_iterations", "12")
