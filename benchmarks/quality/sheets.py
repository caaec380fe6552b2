"""Writes sheets to look at: removals of the objects of test sequences, under their own masks.

For each sequence FOLDER/<sequence>.png has a row for the first, the middle and the last frame with a hole: the crop
around the hole at full size, of the input and of what each algorithm makes of it. FOLDER/<sequence>_slices.png has one
line of the picture, that with most of the holes, over time (downwards, four pixels per frame), of the same films one
below the other: what does not move along with its surroundings shows as a break in their stripes.

    python -m benchmarks.quality sheets --data_path DATA --output FOLDER --algorithms pm ip --max_frames 24
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from master_thesis.data.sequences import DavisSequence, find_test_sequences
from master_thesis.images.codec import read_frame, read_mask, write_png
from master_thesis.ops.mask import widen_window, window_of

MARGIN_PX = 48
NUM_ROWS = 3
LINES_PER_FRAME = 4


def write_input(folder: Path, sequence: DavisSequence, count: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Copies the first frames of a sequence and their masks; returns both."""
    pairs = [(frame, mask) for frame, mask in zip(sequence.frames, sequence.masks, strict=True) if mask][:count]
    for kind, paths in zip(("frames", "masks"), zip(*pairs, strict=True), strict=True):
        (folder / kind).mkdir()
        for path in paths:
            shutil.copy(path, folder / kind)
    return [read_frame(frame) for frame, _ in pairs], [read_mask(mask) for _, mask in pairs]


def remove(folder: Path, algorithm: str) -> list[np.ndarray]:
    """The frames that the command makes."""
    command = [sys.executable, "-m", "master_thesis", "remove", "frames", "--mask", "masks", "--algorithms", algorithm]
    subprocess.run([*command, "--output", algorithm], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return [read_frame(str(path)) for path in sorted((folder / algorithm).glob("*.png"))]


def crops(films: Sequence[Sequence[np.ndarray]], holes: Sequence[np.ndarray]) -> np.ndarray:
    """The surroundings of the hole in some frames, a row for each."""
    shown = [t for t, hole in enumerate(holes) if hole.any()]
    rows = []
    for t in [shown[i] for i in np.linspace(0, len(shown) - 1, NUM_ROWS).astype(int)]:
        window = window_of(holes[t])
        assert window is not None, "the frame has a hole"
        place = widen_window(window, MARGIN_PX, holes[t].shape)
        rows.append(np.hstack([film[t][place] for film in films]))
    width = max(row.shape[1] for row in rows)
    return np.vstack([np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0))) for row in rows])


def slices(films: Sequence[Sequence[np.ndarray]], holes: Sequence[np.ndarray]) -> np.ndarray:
    """The line with most of the holes, over time."""
    line = int(np.sum(holes, axis=(0, 2)).argmax())
    return np.vstack([np.repeat([frame[line] for frame in film], LINES_PER_FRAME, axis=0) for film in films])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data_path", required=True, help="tree as in docs/data.md")
    parser.add_argument("--sequences", nargs="+", help="only these")
    parser.add_argument("--algorithms", nargs="+", default=["pm"])
    parser.add_argument("--max_frames", type=int, default=24)
    parser.add_argument("--output", type=Path, required=True, metavar="FOLDER")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    for sequence in find_test_sequences(options.data_path)[0]:
        if options.sequences and sequence.name not in options.sequences:
            continue
        with tempfile.TemporaryDirectory() as name:
            frames, holes = write_input(Path(name), sequence, options.max_frames)
            films = [frames, *(remove(Path(name), algorithm) for algorithm in options.algorithms)]
        write_png(options.output / f"{sequence.name}.png", crops(films, holes))
        write_png(options.output / f"{sequence.name}_slices.png", slices(films, holes))
        print(f"{sequence.name}: {', '.join(('input', *options.algorithms))}", flush=True)


if __name__ == "__main__":
    main()
