"""Filling a small video in processes that die right before one of their steps on files: no clean-up runs."""

import os
import sys
from contextlib import chdir
from pathlib import Path

import numpy as np
import torch

from master_thesis.configs.video import VideoConfig
from master_thesis.images.codec import write_png
from master_thesis.video.patch_store import Patch, PatchFolder
from master_thesis.video.runs import run_video
from stress.videos import Clip, box_mask
from tests.factories import Copier, StillAligner

DIED = 9
STEPS = {"os.mkdir", "os.remove", "os.rename", "os.rmdir"}


def kill_at_every_step(folder: Path) -> list[str]:
    """Kills a run before its first step on files, another before its second, and so on; each is then continued.

    Returns:
        For every step, how what came out differs from an uninterrupted run; empty: it does not.
    """
    torch.set_num_threads(1)  # threads do not survive a fork
    Clip(times=tuple(range(9))).write(folder)
    write_png(folder / "mask.png", box_mask())
    wanted = filled(folder / "whole")
    told = []
    while dies(folder / str(len(told)), len(told)):
        told.append(difference(filled(folder / str(len(told))), wanted))
    return told


def filled(folder: Path) -> dict[str, bytes]:
    """What lies in a folder after the video was filled there."""
    folder.mkdir(exist_ok=True)
    with chdir(folder):
        is_over = Path("clip.mkv").exists()  # then nothing but clearing up was left to do
        config = VideoConfig(
            video="../clip.mp4",
            mask="../mask.png",
            output="clip.mkv",
            window=7,
            lossless=True,
            overlay=True,
            report=True,
            overwrite=is_over,
        )
        run_video(config, StillAligner(), Copier(), ("ip",), None, max_distance=3)
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def dies(folder: Path, steps: int) -> bool:
    """Whether a run dies that may make so many steps on files; it finds what another one left unfinished."""
    hole = np.ones((1, 1), bool)
    other = PatchFolder(folder / "clip.mkv.parts", {"algorithm": "another"})
    other.save(0, {0: Patch(hole, np.zeros((1, 3), np.uint8), np.zeros(1, np.int32))})
    child = os.fork()
    if child == 0:
        try:
            left = iter(range(steps))
            sys.addaudithook(lambda event, args: count(event, args, left))
            filled(folder)
            os._exit(0)
        except BaseException as error:
            print(f"step {steps}: {error!r}")
            os._exit(1)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, DIED)
    return code == DIED


def count(event: str, args, left) -> None:
    """Ends the process when no step is left."""
    writes = event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+")
    if (writes or event in STEPS) and next(left, None) is None:
        os._exit(DIED)


def difference(found: dict[str, bytes], wanted: dict[str, bytes]) -> str:
    """Files that only one of two runs left, or that differ."""
    differ = {name for name in found.keys() & wanted.keys() if not is_same(name, found[name], wanted[name])}
    return " ".join(sorted(found.keys() ^ wanted.keys() | differ))


def is_same(name: str, found: bytes, wanted: bytes) -> bool:
    """Whether two files are equal; what holds H.264 need only be about as long."""
    # Two uninterrupted runs on equal frames differ by some bytes there, now and then (docs/reliability.md).
    is_h264 = Path(name).suffix in {".mp4", ".html"}
    return found == wanted or (is_h264 and abs(len(found) - len(wanted)) < 0.02 * len(wanted))
