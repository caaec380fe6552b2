"""Homography copying and `pm` on native frames, with and without the pixels that the object of the sequence covers.

Under masks that do not follow the object, the truth shows it wherever it passes through the hole. No other frame shows
it there, and to remove it is right: such pixels tell little of a removal, and weigh most in its errors.

    python -m benchmarks.quality scenery --data_path DATA
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np
import torch

from master_thesis.configs.data import DataConfig
from master_thesis.configs.evaluation import EvaluationConfig
from master_thesis.evaluation.baselines import homography_copying
from master_thesis.evaluation.protocols import NATIVE, Task
from master_thesis.evaluation.scores import MEASURES
from master_thesis.evaluation.tasks import make_tasks
from master_thesis.inpainting.canvas import HALLUCINATED
from master_thesis.inpainting.motions import Motions
from master_thesis.inpainting.photomontage import Photomontage
from master_thesis.models.painter import ExemplarPainter
from master_thesis.ops.mask import widened_square

FRINGE_PX = 2
"""Width of the border of an object that counts as part of it."""


def objects_of(task: Task) -> np.ndarray:
    """Where the object of a sequence is, by the task of its own masks."""
    return np.stack([widened_square(hole, FRINGE_PX) for hole in task.mask])


def montage(task: Task) -> tuple[np.ndarray, np.ndarray]:
    """The frames as `pm` fills them, and which pixels it copies."""
    filled, is_copied = task.masked.copy(), np.zeros(task.mask.shape, bool)
    frames, holes = list(task.masked), list(task.mask)
    for t, hole in Photomontage(frames, holes, ExemplarPainter(), Motions.of(frames, holes)).fill(range(len(holes))):
        filled[t][task.mask[t]] = hole.colours
        is_copied[t][task.mask[t]] = hole.source != HALLUCINATED
    return task.compose(filled), is_copied


def row(task: Task, objects: np.ndarray) -> list[float]:
    """The figures of a task, each for the entire hole and without the object."""
    copied, (filled, is_copied) = homography_copying(task.masked, task.mask), montage(task)

    def mean(name: str, frames: np.ndarray, part: np.ndarray) -> list[float]:
        return [float(np.nanmean(MEASURES[name](frames, task.frames, p))) for p in (part, part & ~objects)]

    share = 100 * (objects & task.mask).sum() / task.mask.sum()
    psnr = [mean("hole_psnr", frames, task.mask) for frames in (task.compose(copied), filled)]
    return [share, *np.transpose(psnr).ravel(), *mean("sharpness", filled, is_copied)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data_path", required=True)
    parser.add_argument("--sequences", nargs="+", default=(), help="of DAVIS; default: all")
    parser.add_argument("--max_frames", type=int, default=100)
    options = parser.parse_args()

    def tasks(*masks: str) -> Iterator[Task]:
        config = EvaluationConfig(
            protocols=(NATIVE,), masks=masks, sequences=tuple(options.sequences), max_frames=options.max_frames
        )
        return make_tasks(DataConfig(data_path=options.data_path), config)

    objects = {task.sequence: objects_of(task) for task in tasks("own")}
    print("| | object | PSNR: homography, `pm` | without the object | sharpness of copies | without the object |")
    print("|---|---|---|---|---|---|")
    torch.set_grad_enabled(False)
    rows: dict[str, list[list[float]]] = {}
    for task in tasks("swapped", "still"):
        rows.setdefault(task.masks, []).append(row(task, objects[task.sequence]))
        print_row(f"{task.sequence}, `{task.masks}`", rows[task.masks][-1])
    for masks, found in rows.items():
        print_row(f"mean of `{masks}`", np.mean(found, axis=0).tolist())


def print_row(name: str, figures: list[float]) -> None:
    """Prints a row of the table."""
    share, *psnr, sharpness, of_scenery = figures
    pairs = " | ".join(f"{one:.2f}, {other:.2f}" for one, other in (psnr[:2], psnr[2:]))
    print(f"| {name} | {share:.0f} % | {pairs} | {sharpness:.2f} | {of_scenery:.2f} |", flush=True)


if __name__ == "__main__":
    main()
