"""``remove`` as a method: masked frames go in as a video file, and the filled ones come out of another one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from jaxtyping import Bool, UInt8

from master_thesis.errors import UserError
from master_thesis.evaluation.methods import Filled
from master_thesis.images.codec import read_numbers, write_png
from master_thesis.video.io.decoding import open_source
from master_thesis.video.io.encoding import Encoding
from master_thesis.video.io.writer import Geometry, Timing, VideoWriter
from master_thesis.video.outputs import ORIGINS, beside
from master_thesis.video.provenance import source_of

LOSSLESS = Encoding("ffv1", pix_fmt="bgr0")
FRAMES_PER_SECOND = 25
MIB = 2**20
WATCH = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=sys.stderr)
_, status, usage = os.wait4(process.pid, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss)
"""
"""Runs a command; prints its exit code and its largest resident set. A process starts with that of the one that starts
it, so this one is small."""


@dataclass(frozen=True)
class Removal:
    """Runs ``master_thesis remove`` in a process of its own, as a person would.

    Convention:
        Its seconds are those from the start of the process to its end: imports, loading of networks, examination,
        decoding of a lossless video (FFV1) and of masks (PNG), filling, and encoding of a lossless video and of the
        origins. Its memory is the largest resident set of that process.

    Attributes:
        words: options of the command, besides those that name files.
        program: how this package is called.
    """

    words: Sequence[str] = ()
    program: Sequence[str] = (sys.executable, "-m", "master_thesis")

    def __call__(self, frames: UInt8[np.ndarray, "F H W 3"], mask: Bool[np.ndarray, "F H W"]) -> Filled:
        """Fills the frames.

        Raises:
            UserError: the command fails.
        """
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder)
            video, masks, output = home / "video.mkv", home / "masks", home / "filled.mkv"
            _write_inputs(video, masks, frames, mask)
            files = [str(video), "--mask", str(masks), "--output", str(output), "--mask_dilation", "0"]
            costs = _run([*self.program, "remove", *files, "--lossless", "--origins", *self.words], home / "log.txt")
            filled = np.stack([frame.image for frame in open_source(output).frames()])
            maps = [source_of(read_numbers(path)) for path in sorted(beside(output, ORIGINS).iterdir())]
        return Filled(filled, np.stack(maps), costs | {"seconds": costs["seconds"] / len(frames)})


def _write_inputs(video: Path, masks: Path, frames: np.ndarray, mask: np.ndarray) -> None:
    with VideoWriter(video, Geometry(frames.shape[1:3]), Timing.constant(FRAMES_PER_SECOND), LOSSLESS) as writer:
        for frame in frames:
            writer.write(frame)
    masks.mkdir()
    for number, hole in enumerate(mask):
        write_png(masks / f"{number:05d}.png", hole)


def _run(words: Sequence[str], log: Path) -> dict[str, float]:
    """Runs a command; returns its seconds, and its peak memory where the system reports it."""
    start = time.perf_counter()
    with log.open("wb") as stream:
        code, peak = _watched(words, stream)
    if code:
        lines = log.read_text(errors="replace").strip().splitlines() or ["it says nothing"]
        raise UserError(f"{lines[-1]} (exit code {code} of {' '.join(words)})")
    return {"seconds": time.perf_counter() - start, **peak}


def _watched(words: Sequence[str], stream: BinaryIO) -> tuple[int, dict[str, float]]:
    """Runs a command; returns its exit code, and its peak memory where the system reports it."""
    if not hasattr(os, "wait4"):
        return subprocess.call(words, stdout=stream, stderr=stream), {}
    watch = [sys.executable, "-I", "-S", "-c", WATCH, *words]
    process = subprocess.Popen(watch, stdout=subprocess.PIPE, stderr=stream, start_new_session=True)
    try:
        code, peak = map(int, process.communicate()[0].split())
    except BaseException:
        os.killpg(process.pid, signal.SIGTERM)
        raise
    return code, {"peak_memory": peak / (MIB if sys.platform == "darwin" else MIB / 1024)}
