"""Memory and open files of long runs: 3,000 training steps with two workers, and a video of 3,000 frames.

Each runs as the command does, with all its processes; built-in data, tiny networks (training), the shipped ones at
a small size (video). Run from the root of a clone; writes a plot and prints growth:

    python -m stress.soak --plot docs/images/soak.png
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stress.kills import ROOT, TINY, write_data

TRAINING = f"{TINY} --validation_max_iterations 10 --num_workers 2 --checkpoint_every 100"
VIDEO = "--chn --test --test_size 48 64 --algorithms ip --overlay --report"
HEIGHT, WIDTH = 96, 128


@dataclass(frozen=True)
class Sample:
    """What all processes of a run hold at a moment.

    Attributes:
        seconds: since its start.
        mib: memory of its own, pages that its processes share counted once. Pages of libraries are left out: they are
            divided among all processes of the machine that map them, so that they grow when a neighbour ends.
        files: open files.
    """

    seconds: float
    mib: float
    files: int


def family(pid: int) -> list[int]:
    """A process and all below it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in family(int(child)))]


def look(pid: int, start: float) -> Sample | None:
    """A sample of a running process; None if it ended meanwhile."""
    kib, files = 0, 0
    try:
        for each in family(pid):
            lines = Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()
            kib += sum(int(line.split()[1]) for line in lines if line.startswith(("Pss_Anon:", "Pss_Shmem:")))
            files += len(os.listdir(f"/proc/{each}/fd"))
    except OSError:
        return None
    return Sample(time.monotonic() - start, kib / 1024, files)


def watch(arguments: list[str], folder: Path, every: float) -> list[Sample]:
    """Runs the command to its end and samples it."""
    command = [sys.executable, "-m", "master_thesis", *arguments]
    with (folder / "log.txt").open("wb") as log:
        env = os.environ | {"PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(command, cwd=folder, env=env, stdout=log, stderr=log)
    start, samples = time.monotonic(), []
    while process.poll() is None:
        sample = look(process.pid, start)
        samples += [sample] if sample else []
        time.sleep(every)
    if process.returncode:
        raise SystemExit((folder / "log.txt").read_text()[-3000:])
    return samples


def train(folder: Path, steps: int, every: float) -> list[Sample]:
    """A training, watched."""
    data = write_data(folder)
    epochs = 6
    sizes = ["--max_epochs", str(epochs), "--train_max_iterations", str(steps // epochs)]
    return watch(["--data_path", str(data), *TRAINING.split(), *sizes], folder, every)


def fill(folder: Path, frames: int, every: float) -> list[Sample]:
    """A video, watched."""
    import cv2

    from master_thesis.images.codec import write_png
    from master_thesis.video.io.writer import write_video

    noise = np.random.default_rng(0).integers(0, 256, (HEIGHT // 8, WIDTH // 4, 3), dtype=np.uint8)
    picture = cv2.resize(noise, (2 * WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    lefts = [int((1 + np.sin(t / 20)) / 2 * WIDTH) for t in range(frames)]
    write_video(folder / "video.mp4", (np.ascontiguousarray(picture[:, x : x + WIDTH]) for x in lefts), 25)
    hole = np.zeros((HEIGHT, WIDTH), bool)
    hole[40:60, 50:80] = True
    write_png(folder / "hole.png", hole)
    return watch(["--video", "video.mp4", "--mask", "hole.png", "--output", "out.mp4", *VIDEO.split()], folder, every)


def growth(samples: list[Sample], share: float = 0.2) -> tuple[float, float, int, int]:
    """Mean memory (MiB) in the second fifth and in the last one, and the most files open in each."""
    n = len(samples)
    early, late = samples[int(share * n) : int(2 * share * n)], samples[int((1 - share) * n) :]
    mean = [float(np.mean([s.mib for s in part])) for part in (early, late)]
    most = [max(s.files for s in part) for part in (early, late)]
    return mean[0], mean[1], most[0], most[1]


def plot(path: Path, runs: dict[str, list[Sample]]) -> None:
    """Memory above, open files below, a column per run."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4), layout="constrained")
    grid = figure.subplots(2, len(runs), squeeze=False, sharex="col")
    for column, (name, samples) in enumerate(runs.items()):
        minutes = [s.seconds / 60 for s in samples]
        for row, (values, label) in enumerate(
            (
                ([s.mib for s in samples], "memory (MiB)"),
                ([float(s.files) for s in samples], "open files"),
            )
        ):
            panel = grid[row][column]
            panel.plot(minutes, values, linewidth=0.8)
            panel.set_ylim(0, 1.15 * max(values))
            panel.set_ylabel(label)
        grid[0][column].set_title(name, fontsize="medium")
        grid[1][column].set_xlabel("minutes")
    figure.savefig(path, dpi=80)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--frames", type=int, default=3000)
    parser.add_argument("--every", type=float, default=1.0, help="seconds between two looks")
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folders = [Path(name) / kind for kind in ("train", "video")]
        for folder in folders:
            folder.mkdir()
        runs = {
            f"training, {options.steps} steps": train(folders[0], options.steps, options.every),
            f"video, {options.frames} frames": fill(folders[1], options.frames, options.every),
        }
    for what, samples in runs.items():
        early, late, few, many = growth(samples)
        print(f"{what} ({samples[-1].seconds:.0f} s), second fifth and last fifth:")
        print(f"  mean memory {early:.0f} and {late:.0f} MiB, most open files {few} and {many}", flush=True)
    if options.plot:
        plot(options.plot, runs)


if __name__ == "__main__":
    main()
