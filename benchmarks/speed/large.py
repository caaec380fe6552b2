"""Measures time and peak memory of a 1920 x 1080 video, at the working size and at its own resolution.

Real frames, enlarged; the networks of the thesis with random weights, and the small preset; each case in a process of
its own:

    python -m benchmarks.speed large --data_path ./data
    python -m benchmarks.speed large                      # the built-in data
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from master_thesis.data.builtin.sample import write_sample_data
from master_thesis.data.sequences import find_test_sequences
from master_thesis.images.codec import read_frame, read_mask, write_png
from master_thesis.video.io.writer import write_video

SIZE = (1080, 1920)
SIZES = {"working size": (240, 480), "native": None}


def write_clip(folder: Path, data: str, sequence: str | None, num_frames: int) -> str:
    """Writes the first frames of a test sequence with its masks, enlarged; returns its name."""
    found = {s.name: s for s in find_test_sequences(data)[0]}
    chosen = found[sequence or next(iter(found))]
    frames = [cv2.resize(read_frame(path), SIZE[::-1]) for path in chosen.frames[:num_frames]]
    write_video(folder / "clip.mp4", frames, 24)
    (folder / "masks").mkdir()
    for t, path in enumerate(chosen.masks[:num_frames]):
        assert path, "every frame should have a mask"
        hole = cv2.resize(read_mask(path).astype(np.uint8), SIZE[::-1], interpolation=cv2.INTER_NEAREST)
        write_png(folder / "masks" / f"{t:05d}.png", hole.astype(bool))
    return chosen.name


def fill(folder: Path, preset: str, size: str, algorithm: str) -> str:
    """Fills the clip in this process; returns a row of the table."""
    import torch

    from master_thesis import CHN, DFPN, VideoConfig, inpaint_video, load_small
    from master_thesis.ops.precision import autocast, best_precision

    torch.manual_seed(0)
    aligner, chn = load_small() if preset == "small" else (DFPN().eval(), CHN().eval())
    output = folder / f"{preset}_{size}_{algorithm}.mp4"
    config = VideoConfig(video=str(folder / "clip.mp4"), mask=str(folder / "masks"), output=str(output))
    device = torch.device("cpu")
    precision = best_precision(device)
    start = time.perf_counter()
    with autocast(device, precision):
        result = inpaint_video(config, aligner, chn, algorithm, SIZES[size], device)
    seconds = time.perf_counter() - start
    height, width = result.report.plan().scenes[0].working_size
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return f"| {preset} | {size} | {width} x {height} | {algorithm} | {seconds:.0f} s | {peak:.1f} GiB | {precision} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data_path", help="tree as in docs/data.md; default: the built-in data")
    parser.add_argument("--sequence", help="test sequence; default: the first")
    parser.add_argument("--frames", type=int, default=4)
    parser.add_argument("--algorithm", default="ip", choices=("ff", "ip", "cp"))
    parser.add_argument("--presets", nargs="+", default=["small", "thesis"], choices=("small", "thesis"))
    options = parser.parse_args()
    apart = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), max_tasks_per_child=1)
    with tempfile.TemporaryDirectory() as name, apart:
        folder = Path(name)
        if not options.data_path:
            write_sample_data(folder / "data")
        sequence = write_clip(folder, options.data_path or str(folder / "data"), options.sequence, options.frames)
        print(f"{options.frames} frames of {sequence}, {SIZE[1]} x {SIZE[0]}")
        print("| networks | filled at | pixels | algorithm | time | peak memory | precision |")
        print("|---|---|---|---|---|---|---|")
        for preset in options.presets:
            for size in SIZES:
                print(apart.submit(fill, folder, preset, size, options.algorithm).result(), flush=True)


if __name__ == "__main__":
    main()
