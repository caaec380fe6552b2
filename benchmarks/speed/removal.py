"""Measures seconds, processor seconds and peak memory of `remove` from start to end, including start-up and files.

Either a clip that is played back and forth, under an ellipse that crosses the frame and comes back, or a sequence of
DAVIS under its own masks. Each case runs in a process of its own:

    python -m benchmarks.speed removal --clip clips/berries-1080p.mp4 --frames 300
    python -m benchmarks.speed removal --data_path DATA --sequences tennis car-shadow
    python -m benchmarks.speed removal --frames 8 --enlarged 2160   # the built-in frames, at 4K
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np

from master_thesis.data.builtin.sample import write_sample_data
from master_thesis.data.sequences import find_test_sequences
from master_thesis.images.codec import read_frame, read_mask, write_png
from master_thesis.video.io.writer import write_video

RATE = Fraction(25)
EXTENT = 0.22
"""Height of the ellipse as a share of the frame's; half as wide."""
SPEED = 0.012
"""Of the ellipse, in widths of the frame per frame."""


def to_and_fro(path: Path, count: int) -> Iterator[np.ndarray]:
    """Yields frames of a clip, forwards and backwards."""
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(format="yuv420p") for frame in islice(container.decode(video=0), count)]
    order = [*range(len(frames)), *range(len(frames) - 2, 0, -1)]
    for t in range(count):
        yield cv2.cvtColor(frames[order[t % len(order)]], cv2.COLOR_YUV2RGB_I420)


def crossing_holes(size: tuple[int, int], count: int) -> Iterator[np.ndarray]:
    """Yields masks of an ellipse that crosses the frame and comes back."""
    height, width = size
    y, x = np.ogrid[:height, :width]
    for t in range(count):
        share = abs((SPEED * t) % 2 - 1)
        across = (x - width * (0.1 + 0.8 * share)) / (EXTENT / 4 * height)
        yield across**2 + ((y - height / 2) / (EXTENT / 2 * height)) ** 2 < 1


def write_input(folder: Path, frames: Iterator[np.ndarray], holes: Iterator[np.ndarray]) -> None:
    """Writes a clip and its masks."""
    write_video(folder / "clip.mp4", frames, RATE)
    (folder / "masks").mkdir()
    for t, hole in enumerate(holes):
        write_png(folder / "masks" / f"{t:05d}.png", hole)


def sequence_input(folder: Path, data_path: str, name: str | None, count: int, height: int | None) -> None:
    """Writes the first frames of a test sequence with its own masks, enlarged to a height."""
    found = {sequence.name: sequence for sequence in find_test_sequences(data_path)[0]}
    chosen = found[name or next(iter(found))]
    size = read_frame(chosen.frames[0]).shape[:2]
    if height is not None:
        size = (height, height * size[1] // size[0] // 2 * 2)
    frames = (cv2.resize(read_frame(path), size[::-1]) for path in chosen.frames[:count])
    holes = (
        cv2.resize(read_mask(path).astype(np.uint8), size[::-1], interpolation=cv2.INTER_NEAREST) > 0
        for path in chosen.masks[:count]
        if path
    )
    write_input(folder, frames, holes)


def remove(folder: Path, words: Sequence[str]) -> str:
    """Runs the command in a process of its own; returns its row of the table."""
    count = len(list((folder / "masks").iterdir()))
    command = [sys.executable, "-m", "master_thesis", "remove", "clip.mp4", "--mask", "masks", *words]
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([*command, "--output", "out.mp4", "--overwrite"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return f"{count} frames | {seconds / count:.2f} s | {used / count:.2f} s | {after.ru_maxrss / 2**20:.2f} GiB |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", type=Path, help="a video")
    parser.add_argument("--data_path", help="tree as in docs/data.md; default: the built-in data")
    parser.add_argument("--sequences", nargs="+", default=[None], help="of DAVIS; default: the first")
    parser.add_argument("--frames", type=int, default=100, help="at most this many")
    parser.add_argument("--enlarged", type=int, metavar="HEIGHT", help="enlarge the frames to this height")
    parser.add_argument("--options", default="", help="further options of `remove`, as one word")
    options = parser.parse_args()
    print("| input | length | per frame | processor time per frame | peak memory so far |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        for sequence in [None] if options.clip else options.sequences:
            folder = Path(name) / str(sequence)
            folder.mkdir()
            if options.clip:
                height, width = size = next(to_and_fro(options.clip, 1)).shape[:2]
                if options.enlarged:
                    size = (options.enlarged, options.enlarged * width // height // 2 * 2)
                frames = (cv2.resize(frame, size[::-1]) for frame in to_and_fro(options.clip, options.frames))
                write_input(folder, frames, crossing_holes(size, options.frames))
            else:
                if not options.data_path:
                    write_sample_data(Path(name) / "data")
                data_path = options.data_path or str(Path(name) / "data")
                sequence_input(folder, data_path, sequence, options.frames, options.enlarged)
            row = remove(folder, options.options.split())
            print(f"| {options.clip.name if options.clip else sequence or 'built-in'} | {row}", flush=True)


if __name__ == "__main__":
    main()
