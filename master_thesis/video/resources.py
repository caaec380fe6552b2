"""Estimates the memory, disk space and time of a run."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from master_thesis.runtime.memory import available_memory
from master_thesis.video.plan import Window

GIB = 2**30
WINDOW_BYTES, PAIR_BYTES = 44, 512
"""Bytes per pixel of all frames of a window, and of one pair of frames."""
STORED_BYTES, STORED_FRAME_BYTES = 4, 2 * 2**20
"""Where frames are stored on disk: bytes per pixel of all of them, and of the motion to each, kept there too."""

PAIRS_PER_FRAME = {"ff": 30.0, "ip": 2.0, "cp": 18.0, "pm": 1.0}
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
    needed, free_disk = num_frames * size[0] * size[1] // 2 + disk_needed(windows), shutil.disk_usage(place).free
    if needed > free_disk:
        problems.append(f"{place}: needs about {needed / GIB:.1f} GiB, but {free_disk / GIB:.1f} GiB are free")
    return problems


def memory_needed(windows: Sequence[Window]) -> int:
    """Bytes needed to fill the largest window."""
    return max(map(_window_bytes, windows), default=0)


def disk_needed(windows: Sequence[Window]) -> int:
    """Bytes on disk that the frames of the largest window and the motions between them need while it is filled."""
    stored = [window for window in windows if window.scene.is_stored]
    return max((len(w.numbers) * (3 * _num_pixels(w) + STORED_FRAME_BYTES) for w in stored), default=0)


def _window_bytes(window: Window) -> int:
    count, pixels = len(window.numbers), _num_pixels(window)
    if window.scene.is_stored:
        return count * (STORED_BYTES * pixels + STORED_FRAME_BYTES) + pixels * PAIR_BYTES // 4
    return pixels * (count * WINDOW_BYTES + PAIR_BYTES)


def _num_pixels(window: Window) -> int:
    height, width = window.scene.working_size
    return height * width


def pairs_per_frame(algorithm: str, num_frames: int, planned: float | None) -> float:
    """Approximate number of pairs of frames per frame with a hole.

    Args:
        algorithm: ``ff``, ``ip``, ``cp`` or ``pm``.
        num_frames: number of all frames, which bounds the references of each.
        planned: mean number of planned references (ff, ip); None: references are not planned.
    """
    return float(
        min(PAIRS_PER_FRAME[algorithm] if planned is None or algorithm in ("cp", "pm") else planned, num_frames)
    )
