"""Whether seams between windows show: temporal error in the hole at the seams, windowed against whole.

Real frames under the masks of another sequence, so that the true motion is known. Without ``--window`` it is one more
than the least, so that there is a seam at every other frame of a longer sequence:

    python -m benchmarks.quality.windows --data_path ./data --reach 8 --window 24
    python -m benchmarks.quality.windows                     # built-in data, which is short: with a reach of 4
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
    """The filled frames of an exported task, and the numbers of the frames before a seam."""
    output = home / f"{algorithm}_{window}"
    config = VideoConfig(
        video=str(home / "frames"), mask=str(home / "masks"), output=str(output), window=window, mask_dilation=0
    )
    options = {"sweeps": reach} if algorithm == "cp" else {"max_distance": reach}
    result = inpaint_video(config, *load_small(), algorithm, SIZE, **options)
    frames = np.stack([read_frame(path) for path in sorted(output.iterdir())])
    return frames, [w.core_start - 1 for w in result.preflight.windows if w.core_start > w.scene.start]


def compare(task: Task, motion: Motion, home: Path, algorithm: str, window: int, reach: int) -> np.ndarray:
    """Per step between frames: temporal error whole and in windows, and whether it crosses a seam; then both PSNRs."""
    whole, _ = fill(home, algorithm, 10**6, reach)
    parts, seams = fill(home, algorithm, window, reach)
    errors = [measure_flicker(task, frames, motion)["hole_warp"] for frames in (whole, parts)]
    quality = [hole_psnr(frames, task.frames, task.mask)[:-1] for frames in (whole, parts)]
    crosses = np.isin(np.arange(len(errors[0])), seams)
    return np.stack([*errors, crosses, *quality])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data_path", help="a tree as in docs/data.md; without it: the built-in one")
    parser.add_argument("--sequences", nargs="+", default=[], help="default: all")
    parser.add_argument("--window", type=int, help="frames of a window; default: 2 x reach + 2")
    parser.add_argument("--reach", type=int, help="default: 20, for built-in data 4")
    parser.add_argument("--algorithms", nargs="+", default=["ip", "cp"], help="ff is the same in windows, to the bit")
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
                print(f"{task.sequence}: fits into one window, left out", flush=True)
                continue
            motion, home = estimate_motion(task.frames, dis_flow), export_task(task, Path(folder))
            for algorithm, found in rows.items():
                found.append(compare(task, motion, home, algorithm, window, reach))
    report(rows)


def report(rows: dict[str, list[np.ndarray]]) -> None:
    """Prints mean temporal errors in the hole (1e-3), at the seams and elsewhere, and hole PSNR."""
    print("     seams   at the seams: whole  windows   elsewhere: whole  windows   hole PSNR: whole  windows")
    for algorithm, found in rows.items():
        whole, parts, crosses, whole_db, parts_db = np.concatenate(found, axis=1)
        at = crosses > 0
        errors = [np.nanmean(e) for e in (whole[at], parts[at], whole[~at], parts[~at])]
        figures = "{:19.2f} {:8.2f} {:18.2f} {:8.2f}".format(*errors)
        print(f"{algorithm} {int(at.sum()):7d} {figures} {np.nanmean(whole_db):18.2f} {np.nanmean(parts_db):8.2f}")


if __name__ == "__main__":
    main()
