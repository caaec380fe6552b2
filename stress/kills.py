"""Kills a training at random moments, resumes it, and compares it with an uninterrupted one.

Tiny networks on the built-in data, on the CPU in float32:

    python -m stress kills --kills 20 --workers 0 2
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from scripts import tiny
from scripts.tiny import TINY, newest_checkpoint

EPOCHS, BATCHES, EVERY = 4, 60, 4
"""Epochs, batches per epoch, and batches between two checkpoints."""
OPTIONS = (
    f"{TINY} --validation_max_iterations 3 --enable_model_summary false --lr 0.01 --lr_scheduler_step_size 1 "
    "--num_sanity_val_steps 0"
)


@dataclass
class Outcome:
    """The outcome of a training that was killed repeatedly.

    Attributes:
        steps: optimiser steps of the newest checkpoint after each kill; 0 before the first checkpoint.
        is_identical: whether the final weights and optimiser states equal those of the uninterrupted run.
    """

    steps: list[int] = field(default_factory=list)
    is_identical: bool = False


def arguments(data: Path, workers: int, *more: str) -> list[str]:
    """Returns the arguments of the training."""
    sizes = ["--max_epochs", str(EPOCHS), "--train_max_iterations", str(BATCHES), "--checkpoint_every", str(EVERY)]
    return ["--data_path", str(data), *OPTIONS.split(), *sizes, "--num_workers", str(workers), *more]


def start(folder: Path, data: Path, workers: int, *more: str) -> subprocess.Popen[bytes]:
    """Starts a training in a folder, in a process group of its own."""
    folder.mkdir(exist_ok=True)
    return tiny.start(arguments(data, workers, *more), folder, folder / "log.txt", start_new_session=True)


def wait_for_run(folder: Path, process: subprocess.Popen[bytes], number: int = 0) -> None:
    """Waits until run ``number`` of a folder begins to train, or until the process has ended."""
    while len(runs(folder)) <= number and process.poll() is None:
        time.sleep(0.05)


def runs(folder: Path) -> list[Path]:
    """Returns the folders of the runs that began to train."""
    return list(folder.glob("lightning_logs/version_*"))


def train(folder: Path, data: Path, workers: int) -> float:
    """Runs an uninterrupted training; returns its duration in seconds, loading left out."""
    process = start(folder, data, workers)
    wait_for_run(folder, process)
    begin = time.monotonic()
    if process.wait(timeout=1200):
        raise SystemExit((folder / "log.txt").read_text())
    return time.monotonic() - begin


def kill_and_resume(folder: Path, data: Path, workers: int, kills: int, seed: int, longest: float) -> Outcome:
    """Runs a training that is killed ``kills`` times, at random moments.

    One start in four is killed while it still loads, the others within ``longest`` seconds of training.
    """
    rng, outcome = random.Random(seed), Outcome()
    for _ in range(kills):
        is_loading = rng.random() <= 0.25
        outcome.steps.append(kill_once(folder, data, workers, rng.uniform(0, longest), is_loading))
    start(folder, data, workers, *resume(folder)).wait(timeout=1200)
    return outcome


def resume(folder: Path) -> tuple[str, ...]:
    """Returns the arguments that resume a training; there are none before its first checkpoint."""
    return ("--ckpt_path", "last") if newest_checkpoint(folder) else ()


def kill_once(
    folder: Path, data: Path, workers: int, delay: float, is_loading: bool = False, more: tuple[str, ...] = ()
) -> int:
    """Starts or resumes a training, kills it ``delay`` seconds after it begins to load or train; returns its steps."""
    num_runs = len(runs(folder))
    process = start(folder, data, workers, *more, *resume(folder))
    if not is_loading:
        wait_for_run(folder, process, num_runs)
    time.sleep(delay)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return step_of(newest_checkpoint(folder))


def step_of(path: Path | None) -> int:
    """Returns the number of optimiser steps of a checkpoint, which has to be complete; 0 without one."""
    from master_thesis.checkpoints.reading import read_checkpoint

    return 0 if path is None else int(read_checkpoint(path)["global_step"])


def is_same(a: Path, b: Path) -> bool:
    """Returns whether two checkpoints hold the same weights and optimiser states, bit by bit."""
    import torch

    from master_thesis.checkpoints.reading import read_checkpoint

    def tensors(path: Path) -> dict[str, torch.Tensor]:
        checkpoint = read_checkpoint(path)
        moments = checkpoint["optimizer_states"][0]["state"]
        kept = {f"{i}.{name}": value for i, state in moments.items() for name, value in state.items()}
        return checkpoint["state_dict"] | kept

    first, second = tensors(a), tensors(b)
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 2])
    parser.add_argument("--seed", type=int, default=0, help="decides the moments of the kills")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = tiny.write_data(folder)
        for workers in options.workers:
            uninterrupted, killed = folder / f"uninterrupted-{workers}", folder / f"killed-{workers}"
            seconds = train(uninterrupted, data, workers)
            outcome = kill_and_resume(killed, data, workers, options.kills, options.seed, longest=seconds / 8)
            last, wanted = newest_checkpoint(killed), newest_checkpoint(uninterrupted)
            outcome.is_identical = last is not None and wanted is not None and is_same(last, wanted)
            print(f"{workers} workers: {step_of(wanted)} steps in {seconds:.0f} s; {options.kills} kills")
            print(f"  newest checkpoint after each kill, in steps: {' '.join(map(str, outcome.steps))}")
            print(f"  weights and optimiser identical: {outcome.is_identical}", flush=True)


if __name__ == "__main__":
    main()
