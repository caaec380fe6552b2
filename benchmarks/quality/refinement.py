"""Refinement of homographies: ours (ops/lucas_kanade.py) against OpenCV's ECC, on real frames under other masks.

Both start at the homography of matched features. A pair is judged by what copying by its homography is worth: PSNR of
the target's hidden pixels that the reference shows, and seconds per pair.

    python -m benchmarks.quality refinement --data_path DATA
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import cv2
import numpy as np
import torch

from master_thesis.configs.data import DataConfig
from master_thesis.configs.evaluation import EvaluationConfig
from master_thesis.evaluation.tasks import make_tasks
from master_thesis.models.classical.homography import global_motion, warp_homography
from master_thesis.ops.homography import from_pixels
from master_thesis.ops.image import to_float
from master_thesis.ops.lucas_kanade import GradientImage, refine_homography

DISTANCES = (1, 5, 15)
NUM_TARGETS = 6
NUM_ITERATIONS, EPSILON, BLUR_PX = 30, 1e-5, 5


def gradients(frame: np.ndarray, known: np.ndarray) -> GradientImage:
    """The gradients of a frame where it is known."""
    colours = to_float(torch.from_numpy(frame)).permute(2, 0, 1)[None]
    return GradientImage.of(colours, torch.from_numpy(known).float()[None, None])


def ours(motion: np.ndarray, target: np.ndarray, seen: np.ndarray, ref: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """Six Gauss-Newton steps on the frames at full size."""
    height, width = seen.shape
    start = from_pixels(torch.from_numpy(motion)[None], height, width)
    refined = refine_homography(start, gradients(target, seen), gradients(ref, shown), num_steps=6)
    return to_pixels(refined[0].numpy(), height, width)


def ecc(motion: np.ndarray, target: np.ndarray, seen: np.ndarray, ref: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """Enhanced correlation coefficient maximisation (Evangelidis and Psarakis, 2008) with both masks."""
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (target, ref)]
    masks = [known.astype(np.uint8) for known in (seen, shown)]
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, NUM_ITERATIONS, EPSILON)
    start = (motion / motion[2, 2]).astype(np.float32)
    try:
        _, refined = cv2.findTransformECCWithMask(
            *grey, *masks, start, cv2.MOTION_HOMOGRAPHY, criteria, gaussFiltSize=BLUR_PX
        )
    except cv2.error:  # it did not converge
        return motion
    return refined.astype(np.float64)


def to_pixels(matrix: np.ndarray, height: int, width: int) -> np.ndarray:
    """A homography of the unit square measured from its centre as one of pixels."""
    to_unit = np.array([[1 / width, 0, 0.5 / width - 0.5], [0, 1 / height, 0.5 / height - 0.5], [0, 0, 1]])
    return np.linalg.inv(to_unit) @ matrix @ to_unit


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data_path", type=Path, required=True)
    options = parser.parse_args()
    methods = {"features alone": lambda motion, *_: motion, "lucas_kanade": ours, "ECC": ecc}
    errors: dict[str, list[np.ndarray]] = {name: [] for name in methods}
    seconds = dict.fromkeys(methods, 0.0)
    num_pairs = 0
    torch.set_grad_enabled(False)
    data = DataConfig(data_path=str(options.data_path))
    for task in make_tasks(data, EvaluationConfig(protocols=("hole",), masks=("swapped",))):
        print(task.sequence, flush=True)
        for t in np.linspace(0, len(task.frames) - 1 - max(DISTANCES), NUM_TARGETS).astype(int):
            for r in (t + d for d in DISTANCES):
                pair = task.masked[t], ~task.mask[t], task.masked[r], ~task.mask[r]
                greys = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in pair[::2]]
                start = global_motion(greys[0], pair[1], greys[1], pair[3])
                copyable = task.mask[t] & (warp_homography(pair[3].astype(np.float32), start) > 0.999)
                num_pairs += 1
                for name, refine in methods.items():
                    begin = time.perf_counter()
                    motion = refine(start, *pair)
                    seconds[name] += time.perf_counter() - begin
                    difference = (
                        warp_homography(task.frames[r], motion)[copyable].astype(float) - task.frames[t][copyable]
                    )
                    errors[name].append(np.square(difference).mean() if copyable.any() else np.nan)
    for name, values in errors.items():
        psnr = 10 * np.log10(255**2 / np.maximum(values, 1e-9))
        print(f"{name:16} {np.nanmean(psnr):6.2f} dB  {1000 * seconds[name] / num_pairs:6.1f} ms per pair")
    print(f"{num_pairs} pairs")


if __name__ == "__main__":
    main()
