"""Estimates the memory, disk space and time of a run."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from pathlib import Path

from master_thesis.images.reducing import size_within
from master_thesis.models.classical.views import VIEW_SIDE_PX
from master_thesis.runtime.atomic import existing_parent
from master_thesis.runtime.memory import available_memory
from master_thesis.video.frame_store import CACHE_BYTES, UNPACKED_BYTES
from master_thesis.video.io.encoding import frames_ahead
from master_thesis.video.plan import Window

GIB = 2**30
WINDOW_BYTES, PAIR_BYTES = 44, 512
"""Bytes per pixel of all frames of a window, and of one pair of frames."""
NUM_UNPACKED = 3
"""Holes are unpacked as they are, and widened for those who choose sources and who judge them."""
STORED_FRAME_BYTES = 2 * 2**20
"""Of a motion between frames that are stored on disk, kept there too."""
STORED_BYTES, HOLE_BYTES, MOTION_BYTES, WORK_BYTES = 0.25, 26, 7, 270
"""Where frames are stored on disk (pm), bytes: per pixel of their packed masks, of what is known of a pixel of a hole,
per pixel that a motion is measured in, and per pixel of the frame that is filled (measured). A motion takes 2 bytes and
8 more in what the holes span: 3.5 to 7.1 on the mean of six sequences."""
ENCODED_FRAMES, ENCODED_BYTES = 20, 3
"""Frames that x264 holds beside those that it looks ahead, and bytes per pixel of each (measured)."""

PAIRS_PER_FRAME = {"ff": 30.0, "ip": 2.0, "cp": 18.0, "pm": 1.0}
"""Approximate number of pairs of frames per frame with a hole (70 frames with large holes)."""


def resource_problems(
    windows: Sequence[Window], output: Path, num_frames: int, size: tuple[int, int], hole_pixels: int = 0
) -> list[str]:
    """What the machine lacks, one line each.

    Args:
        windows: the windows to fill.
        output: path of the result.
        num_frames: frames of the video.
        size: height and width of the video.
        hole_pixels: of a frame, on the mean.
    """
    problems = []
    needed, free = memory_needed(windows, hole_pixels), available_memory()
    if free is not None and needed > free:
        problems.append(
            f"needs {needed / GIB:.1f} GiB of memory, but {free / GIB:.1f} GiB are free: "
            "choose a smaller --window or --test_size"
        )
    place = existing_parent(output)
    needed, free_disk = num_frames * size[0] * size[1] // 2 + disk_needed(windows), shutil.disk_usage(place).free
    if needed > free_disk:
        problems.append(f"{place}: needs about {needed / GIB:.1f} GiB, but {free_disk / GIB:.1f} GiB are free")
    return problems


def memory_needed(windows: Sequence[Window], hole_pixels: int = 0) -> int:
    """Bytes needed to fill the largest window, beside what the process uses already.

    Args:
        windows: the windows to fill.
        hole_pixels: of a frame, on the mean.
    """
    return max((_window_bytes(window, hole_pixels) for window in windows), default=0)


def disk_needed(windows: Sequence[Window]) -> int:
    """Bytes on disk that the frames of the largest window and the motions between them need while it is filled."""
    stored = [window for window in windows if window.scene.is_stored]
    return max((len(w.numbers) * (3 * _num_pixels(w) + STORED_FRAME_BYTES) for w in stored), default=0)


def writing_bytes(num_frames: int, size: tuple[int, int]) -> int:
    """Bytes that the encoder of the result holds, beside what filling needs.

    Args:
        num_frames: frames of the video.
        size: height and width of the video.
    """
    return min(num_frames, frames_ahead(size) + ENCODED_FRAMES) * ENCODED_BYTES * size[0] * size[1]


def _window_bytes(window: Window, hole_pixels: int) -> int:
    count, pixels = len(window.numbers), _num_pixels(window)
    if window.scene.is_stored:
        measured = math.prod(size_within(window.scene.working_size, VIEW_SIDE_PX)) / 4
        per_frame = STORED_BYTES * pixels + HOLE_BYTES * hole_pixels + MOTION_BYTES * measured
        kept = min(CACHE_BYTES, 3 * pixels * count) + NUM_UNPACKED * min(UNPACKED_BYTES, pixels * count)
        return round(kept + count * per_frame + WORK_BYTES * pixels)
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
