"""The time that ``remove`` announces before the work, against the time that the work takes.

Each sequence of a DAVIS tree under its own masks, in a process of its own. Start-up, which the estimate does not know
of, is left out: both times start with the line that announces the estimate.

    python -m benchmarks.speed estimates --data_path DATA --algorithms ip ff --max_frames 16
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from master_thesis.configs.inpainting import ALGORITHMS
from master_thesis.data.sequences import DavisSequence, find_test_sequences

LINE = re.compile(r"time: about ([\d.]+) (seconds|minutes|hours)")
SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600}


def write_sequence(sequence: DavisSequence, home: Path, max_frames: int) -> None:
    """Copies frames and masks."""
    for kind, files in (("frames", sequence.frames), ("masks", sequence.masks)):
        (home / kind).mkdir(parents=True)
        for file in files[:max_frames]:
            if file is not None:
                shutil.copy(file, home / kind)


def announced_and_taken(home: Path, words: list[str]) -> tuple[float, float]:
    """Runs ``remove``; returns the announced seconds, and those from the announcement to the end."""
    files = [str(home / "frames"), "--mask", str(home / "masks"), "--output", str(home / "filled.mp4"), "--overwrite"]
    command = [sys.executable, "-m", "master_thesis", "remove", *files, *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    announced, start, lines = float("nan"), 0.0, []
    for line in process.stdout or ():
        lines.append(line)
        if found := LINE.search(line):
            announced, start = float(found[1]) * SECONDS[found[2]], time.monotonic()
    if process.wait():
        sys.exit("".join(lines[-5:]))
    return announced, time.monotonic() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data_path", required=True)
    parser.add_argument("--algorithms", nargs="+", default=["ip"], choices=list(ALGORITHMS))
    parser.add_argument("--sequences", nargs="+", help="only these")
    parser.add_argument("--max_frames", type=int, default=16)
    options, words = parser.parse_known_args()
    sequences, _ = find_test_sequences(options.data_path)
    print(f"{'sequence':20}{'':6}{'announced (s)':>15}{'taken (s)':>12}{'ratio':>8}")
    for sequence in sequences:
        if options.sequences and sequence.name not in options.sequences:
            continue
        with tempfile.TemporaryDirectory() as folder:
            write_sequence(sequence, Path(folder), options.max_frames)
            for name in options.algorithms:
                announced, taken = announced_and_taken(Path(folder), ["--algorithms", name, *words])
                ratio = f"{taken / announced:8.2f}"
                print(f"{sequence.name:20}{name:6}{announced:15.0f}{taken:12.1f}{ratio}", flush=True)


if __name__ == "__main__":
    main()
