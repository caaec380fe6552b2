"""Measures memory and open files over a long training and a long video.

3,000 steps with two workers, and 3,000 frames. Both run as commands, with all their processes: the training with tiny
networks on the built-in data, the video with the shipped networks at a small size. Prints the growth and draws a plot:

    python -m stress soak --plot docs/images/soak.png
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from master_thesis.images.codec import write_png
from master_thesis.video.io.writer import write_video
from scripts import tiny
from stress.videos import box_mask, panorama

TRAINING = f"{tiny.TINY} --validation_max_iterations 10 --num_workers 2 --checkpoint_every 100"
VIDEO = "--chn --test --test_size 48 64 --algorithms ip --overlay --report"
HEIGHT, WIDTH = 96, 128


@dataclass(frozen=True)
class Sample:
    """What all processes of a run hold at one moment.

    Attributes:
        seconds: time since the start of the run.
        mib: private and shared memory, with shared pages counted once. Pages of libraries are left out: they are
            divided among all processes of the machine that map them, so they grow when an unrelated process ends.
        files: number of open files.
    """

    seconds: float
    mib: float
    files: int


def family(pid: int) -> list[int]:
    """Returns a process and all its descendants."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in family(int(child)))]


def take_sample(pid: int, start: float) -> Sample | None:
    """Samples a running process; returns None if it has ended."""
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
    """Runs the command to its end and takes a sample every ``every`` seconds."""
    process = tiny.start(arguments, folder, folder / "log.txt")
    start, samples = time.monotonic(), []
    while process.poll() is None:
        sample = take_sample(process.pid, start)
        samples += [sample] if sample else []
        time.sleep(every)
    if process.returncode:
        raise SystemExit((folder / "log.txt").read_text()[-3000:])
    return samples


def train(folder: Path, steps: int, every: float) -> list[Sample]:
    """Runs and samples a training."""
    data = tiny.write_data(folder)
    epochs = 6
    sizes = ["--max_epochs", str(epochs), "--train_max_iterations", str(steps // epochs)]
    return watch(["--data_path", str(data), *TRAINING.split(), *sizes], folder, every)


def fill(folder: Path, frames: int, every: float) -> list[Sample]:
    """Runs and samples the filling of a video."""
    picture = panorama(HEIGHT, 2 * WIDTH)
    lefts = [int((1 + np.sin(t / 20)) / 2 * WIDTH) for t in range(frames)]
    write_video(folder / "video.mp4", (np.ascontiguousarray(picture[:, x : x + WIDTH]) for x in lefts), 25)
    write_png(folder / "hole.png", box_mask((HEIGHT, WIDTH), (40, 50, 60, 80)))
    return watch(["--video", "video.mp4", "--mask", "hole.png", "--output", "out.mp4", *VIDEO.split()], folder, every)


def growth(samples: list[Sample], share: float = 0.2) -> tuple[float, float, int, int]:
    """Returns the mean memory (MiB) in the second and in the last fifth, and the most open files in each."""
    n = len(samples)
    early, late = samples[int(share * n) : int(2 * share * n)], samples[int((1 - share) * n) :]
    mean = [float(np.mean([s.mib for s in part])) for part in (early, late)]
    most = [max(s.files for s in part) for part in (early, late)]
    return mean[0], mean[1], most[0], most[1]


def plot(path: Path, runs: dict[str, list[Sample]]) -> None:
    """Draws memory above and open files below, a column per run."""
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
    parser.add_argument("--every", type=float, default=1.0, help="seconds between two samples")
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
        print(f"{what} ({samples[-1].seconds:.0f} s), second and last fifth:")
        print(f"  mean memory {early:.0f} and {late:.0f} MiB, most open files {few} and {many}", flush=True)
    if options.plot:
        plot(options.plot, runs)


if __name__ == "__main__":
    main()
