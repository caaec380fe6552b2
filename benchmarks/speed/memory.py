"""Measures the peak memory of filling a video against its length: it must not grow.

Each length and algorithm runs in a process of its own, on a generated 854 x 480 clip, with tiny networks:

    python -m benchmarks.speed memory --frames 100 1000
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

HEIGHT, WIDTH = 480, 854
ALGORITHMS = ("ff", "ip", "cp")


def moving_frames(count: int) -> Iterator[np.ndarray]:
    """Yields the frames of a camera that sways over a smooth picture."""
    import cv2

    noise = np.random.default_rng(0).integers(0, 256, (HEIGHT // 16, WIDTH // 8, 3), dtype=np.uint8)
    picture = cv2.resize(noise, (2 * WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    for t in range(count):
        left = int((1 + np.sin(t / 40)) / 2 * WIDTH)
        yield np.ascontiguousarray(picture[:, left : left + WIDTH])


def moving_holes(count: int) -> Iterator[np.ndarray]:
    """Yields the masks of a box that crosses the frame and comes back."""
    for t in range(count):
        hole = np.zeros((HEIGHT, WIDTH), bool)
        left = abs((20 * t) % (2 * (WIDTH - 120)) - (WIDTH - 120))
        hole[180:300, left : left + 120] = True
        yield hole


def fill(frames: int, algorithm: str, folder: Path) -> dict[str, float]:
    """Fills one clip in this process; returns its peak memory and duration."""
    import torch

    from master_thesis.configs.video import VideoConfig
    from master_thesis.images.codec import write_png
    from master_thesis.models.chn import CHN
    from master_thesis.video.io.writer import write_video
    from master_thesis.video.pipeline import inpaint_video
    from tests.oracles.aligners import StillCamera

    torch.manual_seed(0)
    video, mask = folder / f"{frames}.mp4", folder / f"{frames}_masks"
    if not video.exists():
        write_video(video, moving_frames(frames), 25)
        mask.mkdir()
        for t, hole in enumerate(moving_holes(frames)):
            write_png(mask / f"{t:05d}.png", hole)
    config = VideoConfig(video=str(video), mask=str(mask), output=str(folder / f"{frames}_{algorithm}.mp4"))
    start = time.perf_counter()
    inpaint_video(config, StillCamera(), CHN(8, 4, 1).eval(), algorithm)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"frames": frames, "peak_mib": round(peak), "seconds": round(seconds, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, nargs="+", default=[100, 1000], help="lengths of the clips")
    parser.add_argument("--algorithms", nargs="+", default=list(ALGORITHMS), choices=ALGORITHMS)
    parser.add_argument("--one", nargs=3, metavar=("FRAMES", "ALGORITHM", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(fill(int(options.one[0]), options.one[1], Path(options.one[2]))))
        return
    print(f"{WIDTH} x {HEIGHT}, {platform.machine()}, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as folder:
        for algorithm in options.algorithms:
            rows = [run_apart(frames, algorithm, folder) for frames in options.frames]
            for row in rows:
                ratio = row["peak_mib"] / rows[0]["peak_mib"]
                figures = f"{row['frames']:5d} frames  {row['peak_mib']:5d} MiB  x {ratio:.2f}  {row['seconds']} s"
                print(f"{algorithm}  {figures}", flush=True)


def run_apart(frames: int, algorithm: str, folder: str) -> dict[str, int]:
    """Runs one case in a process of its own, because peak memory is counted per process."""
    command = [sys.executable, "-m", "benchmarks.speed.memory", "--one", str(frames), algorithm, folder]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    main()
