"""The command with settings so small that a training takes seconds."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
COMMAND = (sys.executable, "-m", "master_thesis")
TINY_CLIPS = (
    "--train_size 32 32 --frames_spacing 2 --batch_size 2 --dilatation_iterations 1 --accelerator cpu "
    "--enable_progress_bar false --vgg_weights random --vgg_width 2"
)
"""Clips with which a step takes milliseconds."""
TINY_DFPN = "--dfpn_size 32 --dfpn_corr_widths 4 4 --dfpn_width 4"
TINY = f"{TINY_CLIPS} {TINY_DFPN}"
"""The same, and a DFPN as small."""
TINY_CHN = "--chn_width 4 --chn_growth 2 --chn_num_blocks 1"


def write_data(folder: Path) -> Path:
    """Writes the built-in data at a small size; returns the root of the tree."""
    from master_thesis.data.builtin.sample import write_sample_data

    write_sample_data(folder / "data", height=80, num_frames=8)
    return folder / "data"


def start(words: Sequence[str], folder: Path, log: Path, **options: Any) -> subprocess.Popen[bytes]:
    """Starts the command.

    Args:
        words: its arguments.
        folder: the current directory of the process.
        log: the file to which both output streams are appended.
        options: further arguments of :class:`subprocess.Popen`.
    """
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    with log.open("ab") as file:
        return subprocess.Popen([*COMMAND, *words], cwd=folder, env=env, stdout=file, stderr=file, **options)


def newest_checkpoint(folder: Path) -> Path | None:
    """Returns the newest ``last.ckpt`` below a folder that holds ``lightning_logs``."""
    found = folder.glob("lightning_logs/*/checkpoints/last.ckpt")
    return max(found, key=lambda path: path.stat().st_mtime_ns, default=None)
