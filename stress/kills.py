"""Kills a training at random moments, resumes it each time, and compares it with an uninterrupted one.

Tiny networks on the built-in data, CPU, float32; run from the root of a clone:

    python -m stress.kills --kills 20 --workers 0 2
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EPOCHS, BATCHES, EVERY = 4, 60, 4
"""Epochs, batches of an epoch, and batches between two checkpoints."""
TINY = (
    "--train_size 32 32 --frames_spacing 2 --batch_size 2 --dilatation_iterations 1 --accelerator cpu "
    "--enable_progress_bar false --dfpn_size 32 --dfpn_corr_widths 4 4 --dfpn_width 4 --vgg_weights random "
    "--vgg_width 2"
)
"""A network and clips so small that a step takes milliseconds."""
OPTIONS = (
    f"{TINY} --validation_max_iterations 3 --enable_model_summary false --lr 0.01 --lr_scheduler_step_size 1 "
    "--num_sanity_val_steps 0"
)


@dataclass
class Outcome:
    """What came of a training that was killed again and again.

    Attributes:
        steps: optimiser steps of the newest checkpoint after each kill; 0: there was none yet.
        is_identical: whether the final weights and optimiser states are those of the uninterrupted run.
    """

    steps: list[int] = field(default_factory=list)
    is_identical: bool = False


def write_data(folder: Path) -> Path:
    """The built-in data, tiny."""
    from master_thesis.data.builtin.sample import write_sample_data

    write_sample_data(folder / "data", height=80, num_frames=8)
    return folder / "data"


def arguments(data: Path, workers: int, *more: str) -> list[str]:
    """Of the training that is killed."""
    sizes = ["--max_epochs", str(EPOCHS), "--train_max_iterations", str(BATCHES), "--checkpoint_every", str(EVERY)]
    return ["--data_path", str(data), *OPTIONS.split(), *sizes, "--num_workers", str(workers), *more]


def start(folder: Path, data: Path, workers: int, *more: str) -> subprocess.Popen[bytes]:
    """Starts a training in a folder, in a process group of its own."""
    folder.mkdir(exist_ok=True)
    with (folder / "log.txt").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "master_thesis", *arguments(data, workers, *more)],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def runs(folder: Path) -> list[Path]:
    """The folders of the runs that got as far as training."""
    return list(folder.glob("lightning_logs/version_*"))


def wait_for(condition: Callable[[], bool]) -> None:
    """Looks again and again."""
    while not condition():
        time.sleep(0.05)


def newest(folder: Path) -> Path | None:
    """The newest ``last.ckpt`` of a folder of runs."""
    found = sorted(folder.glob("lightning_logs/*/checkpoints/last.ckpt"), key=lambda path: path.stat().st_mtime_ns)
    return found[-1] if found else None


def kill_and_resume(
    folder: Path, data: Path, workers: int, kills: int, seed: int, longest: float, more: tuple[str, ...] = ()
) -> Outcome:
    """Runs a training that is killed so many times, at random moments.

    Every fourth start is killed while it still loads, the others within ``longest`` seconds of training.
    """
    rng, outcome = random.Random(seed), Outcome()
    for _ in range(kills):
        is_loading = rng.random() <= 0.25
        outcome.steps.append(kill_once(folder, data, workers, rng.uniform(0, longest), is_loading, more))
    start(folder, data, workers, *more, *resume(folder)).wait(timeout=1200)
    return outcome


def resume(folder: Path) -> tuple[str, ...]:
    """What is to be added to go on; before the first checkpoint nothing can be lost."""
    return ("--ckpt_path", "last") if newest(folder) else ()


def kill_once(
    folder: Path, data: Path, workers: int, delay: float, is_loading: bool = False, more: tuple[str, ...] = ()
) -> int:
    """Starts or resumes a training and kills it after some seconds, of training or of loading; returns its steps."""
    num_runs = len(runs(folder))
    process = start(folder, data, workers, *more, *resume(folder))
    if not is_loading:
        wait_for(lambda: len(runs(folder)) > num_runs or process.poll() is not None)
    time.sleep(delay)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return step_of(newest(folder))


def step_of(path: Path | None) -> int:
    """The optimiser steps a checkpoint has seen; the file has to be whole."""
    from master_thesis.checkpoints.reading import read_checkpoint

    return 0 if path is None else int(read_checkpoint(path)["global_step"])


def is_same(a: Path, b: Path) -> bool:
    """Whether two checkpoints hold the same weights and the same optimiser state, to the last bit."""
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
    parser.add_argument("--seed", type=int, default=0, help="decides the moments")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = write_data(folder)
        for workers in options.workers:
            whole = folder / f"whole-{workers}"
            process = start(whole, data, workers)
            wait_for(lambda: bool(runs(whole)) or process.poll() is not None)  # noqa: B023
            begin = time.monotonic()
            if process.wait(timeout=1200):
                raise SystemExit((whole / "log.txt").read_text())
            seconds = time.monotonic() - begin
            killed = folder / f"killed-{workers}"
            outcome = kill_and_resume(killed, data, workers, options.kills, options.seed, longest=seconds / 8)
            last, wanted = newest(killed), newest(whole)
            outcome.is_identical = last is not None and wanted is not None and is_same(last, wanted)
            print(f"{workers} workers: {step_of(wanted)} steps in {seconds:.0f} s; {options.kills} kills")
            print(f"  newest checkpoint after each kill, in steps: {' '.join(map(str, outcome.steps))}")
            print(f"  weights and optimiser identical: {outcome.is_identical}", flush=True)


if __name__ == "__main__":
    main()
