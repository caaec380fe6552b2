"""Kills the filling of a video at random moments, continues it each time, and compares with an uninterrupted run.

The shipped networks on a generated clip of five windows, with overlay; run from the root of a clone:

    python -m stress.video_kills --kills 10 --algorithms ff ip cp
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

from benchmarks.speed.memory import moving_frames, moving_holes
from stress.kills import ROOT

FRAMES, WINDOW = 120, 60
STEP = 8
"""Every so many pixels of a frame are taken: the clip is small."""


def write_clip(folder: Path) -> None:
    """A clip with its masks."""
    from master_thesis.images.codec import write_png
    from master_thesis.video.io.writer import write_video

    write_video(folder / "clip.mp4", (frame[::STEP, :-6:STEP].copy() for frame in moving_frames(FRAMES)), 25)
    (folder / "masks").mkdir()
    for t, hole in enumerate(moving_holes(FRAMES)):
        write_png(folder / "masks" / f"{t:05d}.png", hole[::STEP, :-6:STEP].copy())


def start(folder: Path, algorithm: str) -> subprocess.Popen[bytes]:
    """Starts to fill the clip; the result goes into ``folder``."""
    folder.mkdir(exist_ok=True)
    options = "--video ../clip.mp4 --mask ../masks --output out.mkv --lossless --overlay --test_size 48 96"
    command = [
        sys.executable,
        "-m",
        "master_thesis",
        *options.split(),
        "--window",
        str(WINDOW),
        "--algorithms",
        algorithm,
    ]
    with (folder.parent / f"{folder.name}.log").open("wb") as log:
        return subprocess.Popen(command, cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, stderr=log)


def wait_until_examined(process: subprocess.Popen[bytes], log: Path) -> None:
    """Returns when the video was examined and the work begins, or when the process has ended."""
    while process.poll() is None and b"time: about" not in log.read_bytes():
        time.sleep(0.02)


def results(folder: Path) -> dict[str, bytes]:
    """Everything that lies in a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def whole_run(folder: Path, algorithm: str) -> float:
    """Fills the clip in one go; returns how long the work took."""
    process = start(folder, algorithm)
    wait_until_examined(process, folder.parent / f"{folder.name}.log")
    begin = time.monotonic()
    assert process.wait() == 0, (folder.parent / f"{folder.name}.log").read_text()
    return time.monotonic() - begin


def killed_run(folder: Path, algorithm: str, seconds: float, kills: int, rng: random.Random) -> list[str]:
    """Fills the clip with kills in between; returns what was there after each."""
    log, found = folder.parent / f"{folder.name}.log", []
    while len(found) < kills:
        process = start(folder, algorithm)
        wait_until_examined(process, log)
        time.sleep(rng.uniform(0, 0.6 * seconds))
        is_over = process.poll() is not None
        if not is_over:
            process.send_signal(signal.SIGKILL)
        process.wait()
        if is_over or (folder / "out.mkv").exists():
            break
        windows = len(list((folder / "out.mkv.parts").glob("*.npz")))
        found.append(f"{windows}{'w' if (folder / 'out.part.mkv').exists() else ''}")
    if not (folder / "out.mkv").exists():
        assert start(folder, algorithm).wait() == 0, log.read_text()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=10, help="at most so many for each algorithm")
    parser.add_argument("--algorithms", nargs="+", default=["ff", "ip", "cp"], choices=("ff", "ip", "cp"))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_clip(folder)
        for algorithm in options.algorithms:
            whole, killed = folder / f"{algorithm}_whole", folder / f"{algorithm}_killed"
            seconds = whole_run(whole, algorithm)
            found = killed_run(killed, algorithm, seconds, options.kills, rng)
            verdict = "identical" if results(whole) == results(killed) else "DIFFERENT"
            print(f"{algorithm}: {len(found)} kills, windows done after each (w: while writing): {' '.join(found)}")
            print(f"{algorithm}: every file is {verdict}: {', '.join(sorted(results(killed)))}", flush=True)


if __name__ == "__main__":
    main()
