"""Fills a small video in processes that are killed right before one of their file operations."""

import os
import sys
from contextlib import chdir
from pathlib import Path

import numpy as np
import torch

from master_thesis.configs.inpainting import InpaintOptions
from master_thesis.configs.video import VideoConfig
from master_thesis.images.codec import write_png
from master_thesis.inpainting.inpainter import Inpainter
from master_thesis.video.jobs import run_jobs
from master_thesis.video.patch_store import Patch, PatchFolder
from stress.videos import Clip, box_mask
from tests.factories import Copier, StillAligner

KILLED = 9
OPERATIONS = {"os.mkdir", "os.remove", "os.rename", "os.rmdir"}


def kill_at_every_step(folder: Path) -> list[str]:
    """Kills one run before its first file operation, another before its second, and so on, and continues each.

    Returns:
        For every run, the files that differ from those of an uninterrupted run, separated by spaces.
    """
    torch.set_num_threads(1)  # threads do not survive a fork
    os.fsync = lambda file: None  # what a killed process has written stays without it
    Clip(times=tuple(range(6))).write(folder)
    write_png(folder / "mask.png", box_mask())
    expected = fill(folder / "uninterrupted")
    differences: list[str] = []
    while is_killed(folder / str(len(differences)), len(differences)):
        differences.append(difference(fill(folder / str(len(differences))), expected))
    return differences


def fill(folder: Path) -> dict[str, bytes]:
    """Fills the video into a folder and returns the contents of its files."""
    folder.mkdir(exist_ok=True)
    with chdir(folder):
        is_finished = Path("clip.mkv").exists()  # the run was killed during its final clean-up
        config = VideoConfig(
            video="../clip.mp4",
            mask="../mask.png",
            output="clip.mkv",
            window=5,
            lossless=True,
            overlay=True,
            report=True,
            overwrite=is_finished,
        )
        run_jobs(config, [Inpainter(StillAligner(), Copier(), InpaintOptions(max_distance=2, skip_idle=True))], None)
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def is_killed(folder: Path, num_operations: int) -> bool:
    """Whether a run is killed that may perform so many file operations; it starts with files of another run."""
    other = PatchFolder(folder / "clip.mkv.parts", {"algorithm": "another"})
    other.save(0, {0: Patch.of(np.ones((1, 1), bool), np.zeros((1, 3), np.uint8), np.zeros(1, np.int32))})
    child = os.fork()
    if child == 0:
        try:
            remaining = iter(range(num_operations))
            sys.addaudithook(lambda event, args: kill_at_end(event, args, remaining))
            fill(folder)
            os._exit(0)
        except BaseException as error:
            print(f"operation {num_operations}: {error!r}")
            os._exit(1)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, KILLED)
    return code == KILLED


def kill_at_end(event: str, args, remaining) -> None:
    """Ends the process at a file operation if none remains."""
    writes = event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+")
    if (writes or event in OPERATIONS) and next(remaining, None) is None:
        os._exit(KILLED)


def difference(found: dict[str, bytes], expected: dict[str, bytes]) -> str:
    """Files that only one of two runs wrote, or that differ."""
    differ = {name for name in found.keys() & expected.keys() if not is_equal(name, found[name], expected[name])}
    return " ".join(sorted(found.keys() ^ expected.keys() | differ))


def is_equal(name: str, found: bytes, expected: bytes) -> bool:
    """Whether two files are equal; files with H.264 only need a similar length."""
    # Two uninterrupted runs on equal frames occasionally differ there by a few bytes (docs/reliability.md).
    is_h264 = Path(name).suffix in {".mp4", ".html"}
    return found == expected or (is_h264 and abs(len(found) - len(expected)) < 0.02 * len(expected))
