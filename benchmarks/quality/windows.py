"""Measures the temporal error in the hole at the seams between windows, against filling in a single window.

Real frames under the masks of another sequence, so that the true motion is known. The default window is one frame
longer than the shortest possible one, which puts a seam at every other frame of a longer sequence:

    python -m benchmarks.quality windows --data_path ./data --reach 8 --window 24
    python -m benchmarks.quality windows                     # the short built-in data, with a reach of 4
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from master_thesis import VideoConfig, inpaint_video, load_small
from master_thesis.configs.data import DataConfig
from master_thesis.configs.evaluation import EvaluationConfig
from master_thesis.data.builtin.sample import write_sample_data
from master_thesis.evaluation.motion import Motion, dis_flow, estimate_motion
from master_thesis.evaluation.protocols import Task
from master_thesis.evaluation.scores import measure_flicker
from master_thesis.evaluation.tasks import export_task, make_tasks
from master_thesis.images.codec import read_frame
from master_thesis.metrics import hole_psnr

SIZE = (120, 240)


def fill(home: Path, algorithm: str, window: int, reach: int) -> tuple[np.ndarray, list[int]]:
    """Fills an exported task; returns its frames and the indices of the frames before a seam."""
    output = home / f"{algorithm}_{window}"
    config = VideoConfig(
        video=str(home / "frames"), mask=str(home / "masks"), output=str(output), window=window, mask_dilation=0
    )
    options = {"sweeps": reach} if algorithm == "cp" else {"max_distance": reach}
    result = inpaint_video(config, *load_small(), algorithm, SIZE, **options)
    frames = np.stack([read_frame(path) for path in sorted(output.iterdir())])
    return frames, [w.core_start - 1 for w in result.report.plan().windows if w.core_start > w.scene.start]


def compare(task: Task, motion: Motion, home: Path, algorithm: str, window: int, reach: int) -> np.ndarray:
    """Compares a single window with several, per step between frames.

    Returns:
        Rows: temporal error of both, whether the step crosses a seam, PSNR of both.
    """
    single, _ = fill(home, algorithm, 10**6, reach)
    several, seams = fill(home, algorithm, window, reach)
    errors = [measure_flicker(task, frames, motion)["hole_warp"] for frames in (single, several)]
    quality = [hole_psnr(frames, task.frames, task.mask)[:-1] for frames in (single, several)]
    crosses = np.isin(np.arange(len(errors[0])), seams)
    return np.stack([*errors, crosses, *quality])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data_path", help="tree as in docs/data.md; default: the built-in data")
    parser.add_argument("--sequences", nargs="+", default=[], help="default: all")
    parser.add_argument("--window", type=int, help="frames of a window; default: 2 x reach + 2")
    parser.add_argument("--reach", type=int, help="default: 20, for built-in data 4")
    parser.add_argument("--algorithms", nargs="+", default=["ip", "cp"], help="ff gives identical results in windows")
    options = parser.parse_args()
    reach = options.reach or (20 if options.data_path else 4)
    window = options.window or 2 * reach + 2
    with tempfile.TemporaryDirectory() as folder:
        if not options.data_path:
            write_sample_data(Path(folder, "data"))
        data = DataConfig(data_path=options.data_path or f"{folder}/data", test_size=SIZE)
        rows: dict[str, list[np.ndarray]] = {algorithm: [] for algorithm in options.algorithms}
        chosen = EvaluationConfig(masks=("swapped",), protocols=("hole",), sequences=tuple(options.sequences))
        for task in make_tasks(data, chosen):
            if len(task.frames) <= window:
                print(f"{task.sequence}: skipped, fits into a single window", flush=True)
                continue
            motion, home = estimate_motion(task.frames, dis_flow), export_task(task, Path(folder))
            for algorithm, found in rows.items():
                found.append(compare(task, motion, home, algorithm, window, reach))
    report(rows)


def report(rows: dict[str, list[np.ndarray]]) -> None:
    """Prints the mean temporal errors in the hole (1e-3), at the seams and elsewhere, and hole PSNR."""
    print("     seams   at the seams: single  windows   elsewhere: single  windows   hole PSNR: single  windows")
    for algorithm, found in rows.items():
        single, several, crosses, single_db, several_db = np.concatenate(found, axis=1)
        at = crosses > 0
        errors = [np.nanmean(e) for e in (single[at], several[at], single[~at], several[~at])]
        figures = "{:19.2f} {:8.2f} {:18.2f} {:8.2f}".format(*errors)
        print(f"{algorithm} {int(at.sum()):7d} {figures} {np.nanmean(single_db):18.2f} {np.nanmean(several_db):8.2f}")


if __name__ == "__main__":
    main()
