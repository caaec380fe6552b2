"""Lets several processes fill the videos of one folder, kills one of them, and compares with a single process.

The shipped CHN on generated clips; results are lossless, so that they can be compared to the byte:

    python -m stress shared_folder --videos 4 --launcher torchrun
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from master_thesis.images.codec import write_png
from stress.videos import Clip, box_mask

LAUNCHERS = ("none", "torchrun", "srun")
ROOT = Path(__file__).resolve().parents[1]
SIZE = (60, 106)
SLURM = {
    **{"SLURM_JOB_ID": "7", "SLURM_JOB_NAME": "remove", "SLURM_NNODES": "1", "SLURM_NODEID": "0"},
    **{"SLURM_NTASKS": "2", "SLURM_NTASKS_PER_NODE": "2", "SLURM_NODELIST": "localhost"},
}
"""What srun tells each of two tasks on one machine, besides their numbers."""


def write_folder(folder: Path, num_videos: int) -> None:
    """Writes clips of different lengths, a file that is no video, and one mask."""
    (folder / "videos").mkdir(parents=True)
    for i in range(num_videos):
        Clip(f"clip{i}.mp4", times=tuple(range(6 + 4 * i)), size=SIZE).write(folder / "videos")
    (folder / "videos" / "broken.mp4").write_text("no video")
    write_png(folder / "mask.png", box_mask(SIZE, (20, 30, 40, 60)))


def start(folder: Path, output: str, launcher: str = "", rank: int = 0) -> subprocess.Popen[str]:
    """Starts one process, or two by torchrun; with srun, one of two with the variables that it sets."""
    words = f"master_thesis remove videos --mask mask.png --output {output} --lossless --chn_aligner opencv"
    python = [sys.executable, "-W", "ignore"]
    if launcher == "torchrun":
        python += ["-m", "torch.distributed.run", "--nproc_per_node", "2", "--master_port", "29517"]
    env = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    if launcher == "srun":
        env |= SLURM | {"SLURM_PROCID": str(rank), "SLURM_LOCALID": str(rank)}
    command = [*python, "-m", *words.split(), "--accelerator", "cpu"]
    return subprocess.Popen(command, cwd=folder, env=env, stderr=subprocess.PIPE, text=True)


def results(folder: Path) -> dict[str, bytes]:
    """Returns the content of every file that should be the same, whoever made it."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix == ".mkv"}


def report(name: str, err: str, made: dict[str, bytes], expected: dict[str, bytes], folder: Path) -> bool:
    """Prints what a run did, and returns whether it did it right."""
    fills = [line for line in err.splitlines() if " by " in line and ".mp4" in line and " of " in line]
    errors = [line for line in err.splitlines() if "error: " in line and "failed" in line]
    left = sorted(path.name for path in folder.iterdir() if path.suffix in (".parts", ".part"))
    is_same = made == expected
    counts = f"{len(made)} results, the same: {is_same}; begun {len(fills)} times; reports: {len(errors)}"
    print(f"{name}: {counts}; left: {left}")
    return is_same and not left


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--videos", type=int, default=4)
    parser.add_argument(
        "--launcher", choices=LAUNCHERS, default="none", help="of the run without a kill; srun: its variables"
    )
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    random.seed(options.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_folder(folder, options.videos)
        single = start(folder, "single")
        err = single.communicate()[1]
        expected = results(folder / "single")
        is_fine = report("one process", err, expected, expected, folder / "single")
        if options.launcher == "torchrun":
            errs = start(folder, "launched", "torchrun").communicate()[1]
        else:
            pair = [start(folder, "launched", options.launcher, rank) for rank in range(2)]
            errs = "".join(process.communicate()[1] for process in pair)
        is_fine &= report("two processes", errs, results(folder / "launched"), expected, folder / "launched")
        pair = [start(folder, "killed") for _ in range(2)]
        while not list((folder / "killed").glob("*.parts")) if (folder / "killed").exists() else True:
            time.sleep(0.05)
        time.sleep(random.uniform(0, 2))
        pair[0].send_signal(signal.SIGKILL)
        err = pair[1].communicate()[1]
        pair[0].communicate()
        is_fine &= report("one of two killed", err, results(folder / "killed"), expected, folder / "killed")
    sys.exit(not is_fine)
