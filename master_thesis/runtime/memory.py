"""Measures the available memory."""

from __future__ import annotations

import mmap
from pathlib import Path

MEMINFO, STATM, CGROUP = Path("/proc/meminfo"), Path("/proc/self/statm"), Path("/sys/fs/cgroup")


def available_memory() -> int | None:
    """Bytes of available memory; None where the system does not report it."""
    return min((left for left in (_left_in_machine(), _left_in_container()) if left is not None), default=None)


def used_memory() -> int:
    """Bytes of memory that this process uses; 0 where the system does not report it."""
    try:
        pages = int(STATM.read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * mmap.PAGESIZE


def _left_in_machine() -> int | None:
    try:
        lines = MEMINFO.read_text().splitlines()
    except OSError:
        return None
    values = {name: value for name, _, value in (line.partition(":") for line in lines)}
    return int(values["MemAvailable"].split()[0]) * 1024 if "MemAvailable" in values else None


def _left_in_container() -> int | None:
    """Bytes left below the limit of a container (cgroup v2), counting its file cache as available."""
    try:
        limit, used = ((CGROUP / name).read_text().strip() for name in ("memory.max", "memory.current"))
        kinds = dict(line.split() for line in (CGROUP / "memory.stat").read_text().splitlines())
    except OSError:
        return None
    return None if limit == "max" else max(int(limit) - int(used) + int(kinds.get("inactive_file", 0)), 0)
