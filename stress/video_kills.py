"""Kills the filling of a video at random moments, resumes it, and compares it with an uninterrupted run.

The shipped networks on a generated clip of four windows, with an overlay:

    python -m stress video_kills --kills 10 --algorithms pm ff ip cp
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from master_thesis.images.codec import write_png
from scripts import tiny
from stress.videos import Clip, box_mask

ALGORITHMS = ("pm", "ff", "ip", "cp")
WINDOW = 60
SIZE = (60, 106)
HOLE = (15, 15)


def write_clip(folder: Path, num_frames: int) -> None:
    """Writes a clip of a moving camera, with the masks of a box that crosses the frame and comes back."""
    Clip(times=tuple(range(num_frames)), size=SIZE).write(folder)
    (folder / "masks").mkdir()
    reach = SIZE[1] - HOLE[1]
    for t in range(num_frames):
        top, left = 22, abs(5 * t // 2 % (2 * reach) - reach)
        hole = box_mask(SIZE, (top, left, top + HOLE[0], left + HOLE[1]))
        write_png(folder / "masks" / f"{t:05d}.png", hole)


def start(folder: Path, algorithm: str) -> subprocess.Popen[bytes]:
    """Starts to fill the clip; the result goes into ``folder``."""
    folder.mkdir(exist_ok=True)
    log_of(folder).unlink(missing_ok=True)
    words = "--video ../clip.mp4 --mask ../masks --output out.mkv --lossless --overlay --test_size 48 96 "
    words += f"--window {WINDOW} --algorithms {algorithm}"
    return tiny.start(words.split(), folder, log_of(folder))


def log_of(folder: Path) -> Path:
    """Returns the file with the messages of the last run in a folder; it lies beside the folder."""
    return folder.with_suffix(".log")


def wait_until_examined(process: subprocess.Popen[bytes], log: Path) -> None:
    """Waits until the video has been examined and the filling begins, or until the process has ended."""
    while process.poll() is None and b"time: about" not in log.read_bytes():
        time.sleep(0.02)


def results(folder: Path) -> dict[str, bytes]:
    """Returns the content of every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def uninterrupted_run(folder: Path, algorithm: str) -> float:
    """Fills the clip without a kill; returns the duration of the filling in seconds."""
    process = start(folder, algorithm)
    wait_until_examined(process, log_of(folder))
    begin = time.monotonic()
    assert process.wait() == 0, log_of(folder).read_text()
    return time.monotonic() - begin


def killed_run(folder: Path, algorithm: str, seconds: float, kills: int, rng: random.Random) -> list[str]:
    """Fills the clip with kills in between; returns the progress after each kill."""
    log, found = log_of(folder), []
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
    parser.add_argument("--kills", type=int, default=10, help="the most kills for each algorithm")
    parser.add_argument("--algorithms", nargs="+", default=list(ALGORITHMS), choices=ALGORITHMS)
    parser.add_argument("--frames", type=int, default=120)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_clip(folder, options.frames)
        for algorithm in options.algorithms:
            uninterrupted, killed = folder / f"{algorithm}_uninterrupted", folder / f"{algorithm}_killed"
            seconds = uninterrupted_run(uninterrupted, algorithm)
            found = killed_run(killed, algorithm, seconds, options.kills, rng)
            verdict = "identical" if results(uninterrupted) == results(killed) else "DIFFERENT"
            print(f"{algorithm}: {len(found)} kills, windows done after each (w: while writing): {' '.join(found)}")
            print(f"{algorithm}: every file is {verdict}: {', '.join(sorted(results(killed)))}", flush=True)


if __name__ == "__main__":
    main()
