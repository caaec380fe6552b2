"""Compares ways in which the threads of OpenMP can wait: one removal each, alternately.

Prints the load average before each run, because the answer depends on it:

    python -m benchmarks.speed waiting --frames 6 --rounds 2
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from master_thesis.data.builtin.sample import write_sample_data

VARIABLES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "OMP_NUM_THREADS")
SETTINGS = {
    "chosen by the command": {},
    "asleep (PASSIVE)": {"OMP_WAIT_POLICY": "PASSIVE"},
    "1,000 turns": {"GOMP_SPINCOUNT": "1000"},
    "10,000 turns": {"GOMP_SPINCOUNT": "10000"},
    "300,000 turns (libgomp's default)": {"GOMP_SPINCOUNT": "300000"},
}
CLIP = "walker-crossing"


def first_frames(folder: Path, num_frames: int) -> tuple[Path, Path]:
    """Writes the first frames of a built-in clip and their masks."""
    write_sample_data(folder / "data")
    parts = []
    for part in ("JPEGImages", "Annotations_Dense"):
        copy = folder / part
        copy.mkdir()
        for path in sorted((folder / "data" / "DAVIS-2017" / part / "480p" / CLIP).iterdir())[:num_frames]:
            shutil.copy(path, copy)
        parts.append(copy)
    return parts[0], parts[1]


def seconds(frames: Path, masks: Path, setting: dict[str, str]) -> float:
    """How long one removal takes, from the start of the process to its end."""
    environment = {name: value for name, value in os.environ.items() if name not in VARIABLES} | setting
    words = [sys.executable, "-m", "master_thesis", "remove", str(frames), "--mask", str(masks)]
    words += ["--output", str(frames.parent / "out.mp4"), "--overwrite", "--leaps", "false"]
    words += ["--test_size", "240", "480"]
    start = time.monotonic()
    subprocess.run(words, env=environment, check=True, capture_output=True)
    return time.monotonic() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        frames, masks = first_frames(Path(folder), options.frames)
        for _ in range(options.rounds):
            for name, setting in SETTINGS.items():
                load = os.getloadavg()[0]
                print(f"{name:34s} load {load:4.1f} {seconds(frames, masks, setting):8.1f} s", flush=True)


if __name__ == "__main__":
    main()
