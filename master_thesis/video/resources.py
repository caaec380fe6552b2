"""Estimates the memory, disk space and time of a run."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from master_thesis.runtime.memory import available_memory
from master_thesis.video.plan import Window

GIB = 2**30
COPIES = 6
"""Float copies of a window that the algorithms hold at most."""

PAIRS_PER_FRAME = {"ff": 30.0, "ip": 2.0, "cp": 18.0}
"""Approximate number of pairs of frames per frame with a hole (70 frames with large holes)."""


def resource_problems(windows: Sequence[Window], output: Path, num_frames: int, size: tuple[int, int]) -> list[str]:
    """What the machine lacks, one line each.

    Args:
        windows: the windows to fill.
        output: path of the result.
        num_frames: frames of the video.
        size: height and width of the video.
    """
    problems = []
    needed, free = memory_needed(windows), available_memory()
    if free is not None and needed > free:
        problems.append(
            f"needs {needed / GIB:.1f} GiB of memory, but {free / GIB:.1f} GiB are free: "
            "choose a smaller --window or --test_size"
        )
    place = next(p for p in output.absolute().parents if p.exists())
    needed, free_disk = num_frames * size[0] * size[1] // 2, shutil.disk_usage(place).free
    if needed > free_disk:
        problems.append(f"{place}: needs about {needed / GIB:.1f} GiB, but {free_disk / GIB:.1f} GiB are free")
    return problems


def memory_needed(windows: Sequence[Window]) -> int:
    """Bytes needed to fill the largest window."""
    pixels = (len(w.numbers) * w.scene.working_size[0] * w.scene.working_size[1] for w in windows)
    return max(pixels, default=0) * 4 * 4 * COPIES


def estimated_seconds(seconds_per_pair: float, algorithm: str, num_holes: int, num_frames: int) -> float:
    """Approximate duration of the filling.

    Args:
        seconds_per_pair: time that the networks take for one pair of frames.
        algorithm: ``ff``, ``ip`` or ``cp``.
        num_holes: number of frames with a hole.
        num_frames: number of all frames, which bounds the references of each.
    """
    return seconds_per_pair * min(PAIRS_PER_FRAME[algorithm], num_frames) * num_holes


def in_words(seconds: float) -> str:
    """A duration in the unit that people would use.

    >>> in_words(0.3), in_words(42.0), in_words(600.0), in_words(7900.0)
    ('2 seconds', '42 seconds', '10 minutes', '2.2 hours')
    """
    if seconds < 90:
        return f"{max(round(seconds), 2)} seconds"
    return f"{round(seconds / 60)} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
