"""What a run will take: memory, disk and time."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from master_thesis.runtime.memory import memory_free
from master_thesis.video.plan import Window

GIB = 2**30
COPIES = 6
"""Float copies of a window that the algorithms hold, at most."""


PAIRS_PER_FRAME = {"ff": 30.0, "ip": 2.0, "cp": 18.0}
"""About how many pairs of frames go through the networks for each frame with a hole (70 frames with large holes)."""


def resource_problems(windows: Sequence[Window], output: Path, num_frames: int, size: tuple[int, int]) -> list[str]:
    """What the machine lacks, one line each."""
    problems = []
    needed, free = memory_needed(windows), memory_free()
    if free is not None and needed > free:
        problems.append(
            f"{needed / GIB:.1f} GiB of memory are needed, {free / GIB:.1f} are free: "
            "choose a smaller --window or --test_size"
        )
    place = next(p for p in output.absolute().parents if p.exists())
    needed, free_disk = num_frames * size[0] * size[1] // 2, shutil.disk_usage(place).free
    if needed > free_disk:
        problems.append(f"{place}: about {needed / GIB:.1f} GiB are needed, {free_disk / GIB:.1f} are free")
    return problems


def memory_needed(windows: Sequence[Window]) -> int:
    """Bytes that the largest window takes while it is filled."""
    pixels = (len(w.numbers) * w.scene.working_size[0] * w.scene.working_size[1] for w in windows)
    return max(pixels, default=0) * 4 * 4 * COPIES


def estimated_seconds(num_holes: int, num_frames: int, algorithm: str, try_pair: Callable[[], None]) -> float:
    """About how long filling will take.

    Args:
        num_holes: frames with a hole.
        num_frames: all frames: no frame has more references.
        algorithm: ``ff``, ``ip`` or ``cp``.
        try_pair: sends one pair through the networks; called twice, the first time to warm up.
    """
    try_pair()
    start = time.perf_counter()
    try_pair()
    pairs = min(PAIRS_PER_FRAME[algorithm], num_frames)
    return (time.perf_counter() - start) * pairs * num_holes


def in_words(seconds: float) -> str:
    """A duration as people say it.

    >>> in_words(0.3), in_words(42.0), in_words(600.0), in_words(7900.0)
    ('2 seconds', '42 seconds', '10 minutes', '2.2 hours')
    """
    if seconds < 90:
        return f"{max(round(seconds), 2)} seconds"
    return f"{round(seconds / 60)} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
