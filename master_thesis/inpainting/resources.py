"""What a run will take: memory, disk and time."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import torch

from master_thesis.inpainting.plan import Window

GIB = 2**30
MEMINFO, CGROUP = Path("/proc/meminfo"), Path("/sys/fs/cgroup")
COPIES = 6
"""Float copies of a window that the algorithms hold, at most."""

MAX_PAIRS = 8
"""Pairs that go through the networks together, at most: a power of two."""
PAIR_BYTES, PIXEL_BYTES = 384 * 2**20, 1024
"""At most so much working memory takes a pair, and each of its pixels, with the thesis' networks in float32.

A bound on what ``python -m benchmarks.pairs`` measures up to 720 x 360; its fit is 244 MiB and 566 bytes.
"""

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


@cache
def fitting_pairs(height: int, width: int, device: torch.device) -> int:
    """How many pairs of frames may go through the networks together: half of the free memory is theirs, if it is known.

    A power of two, so that a little more or less of it changes nothing: other batches may round otherwise. The first
    answer for a size stands, as what is kept for the next tensors no longer counts as free.

    Args:
        height: of the frames.
        width: of the frames.
        device: where the networks are.
    """
    free = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else memory_free()
    needed = PAIR_BYTES + PIXEL_BYTES * height * width
    fitting = MAX_PAIRS if free is None else min(max(free // 2 // needed, 1), MAX_PAIRS)
    return 1 << (fitting.bit_length() - 1)


def memory_free() -> int | None:
    """Bytes of memory that can be had; None where the system does not say."""
    return min((left for left in (_left_in_machine(), _left_in_container()) if left is not None), default=None)


def _left_in_machine() -> int | None:
    try:
        lines = MEMINFO.read_text().splitlines()
    except OSError:
        return None
    values = {name: value for name, _, value in (line.partition(":") for line in lines)}
    return int(values["MemAvailable"].split()[0]) * 1024 if "MemAvailable" in values else None


def _left_in_container() -> int | None:
    """What the limit of a container (cgroup v2) leaves; what it keeps of files can be had as well."""
    try:
        limit, used = ((CGROUP / name).read_text().strip() for name in ("memory.max", "memory.current"))
        kinds = dict(line.split() for line in (CGROUP / "memory.stat").read_text().splitlines())
    except OSError:
        return None
    return None if limit == "max" else max(int(limit) - int(used) + int(kinds.get("inactive_file", 0)), 0)


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
