"""Measures the peak memory of one fill step against the number of pairs in a batch.

With the networks of the thesis, each case in a process of its own; a least-squares fit gives the memory per pair and
per pixel.

    python -m benchmarks.speed pairs
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys

import numpy as np

SIZES = ((120, 240), (240, 480), (360, 720))
COUNTS = (1, 2, 4)


def peak_mib(size: tuple[int, int], count: int, precision: str) -> float:
    """Fills ``count`` frames in one batch; returns the memory that this takes on top of networks and frames."""
    import torch

    from benchmarks.speed.scenes import DEVICE, moving_scene, network
    from master_thesis.configs.inpainting import InpaintOptions
    from master_thesis.inpainting.canvas import Canvas
    from master_thesis.inpainting.step import FillStep, Pair
    from master_thesis.ops.precision import autocast
    from master_thesis.runtime.malloc import keep_freed_memory

    keep_freed_memory()
    networks = network("dfpn"), network("chn")
    canvas = Canvas.of(*moving_scene(count + 1, size, count + 1))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with torch.no_grad(), autocast(DEVICE, precision):
        step = FillStep(*networks, canvas, canvas, InpaintOptions(pair_batch=count))
        for copies in step.align([Pair(t, count) for t in range(count)]):
            step.paint(copies, [True] * count)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        h, w, count, precision = options.one
        print(peak_mib((int(h), int(w)), int(count), precision))
        return
    for precision in ("32-true", "bf16-mixed"):
        cases = [(size, count) for size in SIZES for count in COUNTS]
        peaks = [run_apart(size, count, precision) for size, count in cases]
        for (size, count), peak in zip(cases, peaks, strict=True):
            print(f"{precision:10s}  {size[1]} x {size[0]}  {count} pairs  {peak:6.0f} MiB", flush=True)
        terms = np.array([[1, count, count * size[0] * size[1]] for size, count in cases], float)
        (_, pair, pixel), *_ = np.linalg.lstsq(terms, np.array(peaks), rcond=None)
        print(f"{precision:10s}  {pair:.0f} MiB for each pair, {pixel * 2**20:.0f} bytes for each of its pixels")


def run_apart(size: tuple[int, int], count: int, precision: str) -> float:
    """Runs one case in a process of its own, because peak memory is counted per process."""
    command = [sys.executable, "-m", "benchmarks.speed.pairs", "--one", *map(str, size), str(count), precision]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


if __name__ == "__main__":
    main()
