"""Data loading and start-up: clips from disk, and the time until the command answers."""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

from benchmarks.speed.scenes import Rows
from benchmarks.speed.timing import row, seconds_of
from master_thesis.configs.data import DataConfig
from master_thesis.data.dataset import RandomClips
from master_thesis.data.sequences import SequenceSet
from master_thesis.images.codec import read_frame, read_mask, write_jpeg, write_png
from tests.oracles.clips import PlainClips


def clips(_: argparse.Namespace) -> Rows:
    """Times clips of 1280 x 720 frames and masks, in one process."""
    with tempfile.TemporaryDirectory() as folder:
        frames, masks = write_sources(Path(folder))
        per_frame, per_mask = (
            statistics.median(seconds_of(lambda: [read(file) for file in files], 5)) / len(files)  # noqa: B023
            for read, files in ((read_small, frames.files("a")), (read_mask, masks.files("a")))
        )
        for p in (0.0, 0.5, 1.0):
            config = DataConfig(p_simulator_bgs=p)
            fast, slow = (kind(config, frames, masks, 200, 0, True) for kind in (RandomClips, PlainClips))
            slow_s = seconds_of(lambda: [slow[i] for i in range(12)], 3)  # noqa: B023
            fast_s = seconds_of(lambda: [fast[i] for i in range(60)], 5)  # noqa: B023
            rate = 60 / statistics.median(fast_s)
            alone, all_alone = 1 / (per_frame * (2 - p)), 1 / (per_frame * (2 - p) + per_mask * 2)
            line = row(
                f"clips, p_simulator_bgs {p:g}", [s / 12 for s in slow_s], [s / 60 for s in fast_s], "5 x the reference"
            )
            note = f"decoding the frames alone {alone:.0f}, {alone / rate:.2f} x"
            note += f"; frames and masks {all_alone:.0f}, {all_alone / rate:.2f} x"
            yield line | {"note": f"{rate:.0f} clips/s; {note}"}


def read_small(file: Path) -> np.ndarray:
    """Reads a frame at the smallest scale that suffices for 256 x 256."""
    return read_frame(file, (256, 256))


def write_sources(folder: Path) -> tuple[SequenceSet, SequenceSet]:
    """Writes a sequence of 1280 x 720 JPEG frames and one of masks."""
    rng = np.random.default_rng(0)
    for name in ("frames", "masks"):
        (folder / name / "a").mkdir(parents=True)
    for i in range(24):
        smooth = cv2.resize(rng.normal(128, 60, (45, 80, 3)), (1280, 720), interpolation=cv2.INTER_CUBIC)
        image = np.clip(smooth + rng.normal(0, 4, smooth.shape), 0, 255).astype(np.uint8)  # grain, as in films
        write_jpeg(folder / "frames" / "a" / f"{i:05d}.jpg", image, 90)
        mask = np.zeros((720, 1280), bool)
        mask[200:500, 300 + 10 * i : 700 + 10 * i] = True
        write_png(folder / "masks" / "a" / f"{i:05d}.png", mask)
    return tuple(SequenceSet(folder / n, ("a",)) for n in ("frames", "masks"))  # type: ignore[return-value]


def start(_: argparse.Namespace) -> Rows:
    """Times the command until it answers."""
    for name, arguments in (
        ("--help", ["--help"]),
        ("a wrong value", ["--lr", "-1"]),
        ("an unknown option", ["--lrr"]),
    ):
        command = [sys.executable, "-m", "master_thesis", *arguments]
        run = lambda: subprocess.run(command, capture_output=True, check=False)  # noqa: B023, E731
        bare = seconds_of(lambda: subprocess.run([sys.executable, "-c", "pass"], check=False), 5)
        yield row(f"answer to {name}", bare, seconds_of(run, 5), "", "compared with Python alone") | {"ratio": ""}
