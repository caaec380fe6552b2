"""Seconds of a removal on a busy machine, relative to those on an idle one; for idle cores.

One removal alone, two of them at once, and one beside three processes that compute all the time, in turns:

    python -m benchmarks.speed busy --frames 16 --rounds 2
    python -m benchmarks.speed busy --data_path DATA --sequence dog --frames 16 --options "--algorithms ip"
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.speed.removal import sequence_input
from master_thesis.data.builtin.sample import write_sample_data

BUSY = [sys.executable, "-c", "while True: sum(range(10**6))"]
KINDS = {"alone": (1, 0), "two at once": (2, 0), "beside three busy processes": (1, 3)}
"""Removals at once, and processes beside them."""
GOALS = {"alone": 1.0, "two at once": 1.3, "beside three busy processes": 3.0}
"""Largest time, until the last removal ends, relative to that alone. Where one alone keeps both cores busy, two of them
take up to twice as long."""


@contextmanager
def busy_processes(count: int) -> Iterator[None]:
    """Keeps others busy."""
    others = [subprocess.Popen(BUSY) for _ in range(count)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def seconds(folder: Path, removals: int, others: int, words: Sequence[str]) -> float:
    """How long removals take that start together, until the last one ends."""
    command = [sys.executable, "-m", "master_thesis", "remove", "clip.mp4", "--mask", "masks", "--overwrite", *words]
    with busy_processes(others):
        start = time.monotonic()
        running = [
            subprocess.Popen([*command, "--output", f"out{i}.mp4"], cwd=folder, stderr=subprocess.DEVNULL)
            for i in range(removals)
        ]
        codes = [process.wait() for process in running]
        taken = time.monotonic() - start
    if any(codes):
        sys.exit("a removal failed: run it alone")
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data_path", help="tree as in docs/data.md; default: the built-in data")
    parser.add_argument("--sequence", help="of DAVIS; default: the first")
    parser.add_argument("--frames", type=int, default=16, help="at most this many")
    parser.add_argument("--rounds", type=int, default=2, help="the median counts")
    parser.add_argument("--options", default="", help="further options of `remove`, as one word")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if not options.data_path:
            write_sample_data(folder / "data")
        data_path = options.data_path or str(folder / "data")
        sequence_input(folder, data_path, options.sequence, options.frames, None)
        print(f"load before the first run: {os.getloadavg()[0]:.1f}; {options.frames} frames")
        taken: dict[str, list[float]] = {kind: [] for kind in KINDS}
        for _ in range(options.rounds):
            for kind, counts in KINDS.items():
                taken[kind].append(seconds(folder, *counts, options.options.split()))
        alone = statistics.median(taken["alone"])
        print("| | seconds | relative | goal |\n|---|---|---|---|")
        for kind, goal in GOALS.items():
            median = statistics.median(taken[kind])
            print(f"| {kind} | {median:.1f} | {median / alone:.2f} | {goal:.1f} |")


if __name__ == "__main__":
    main()
