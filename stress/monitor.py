"""What a case writes outside its folder, and how much memory it takes."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class WriteMonitor:
    """Records what Python writes outside a folder while it is active."""

    def __init__(self) -> None:
        self.inside: str | None = None
        self.outside: list[str] = []
        sys.addaudithook(self._on_event)

    def _on_event(self, event: str, args: tuple[Any, ...]) -> None:
        if self.inside is None:
            return
        is_writing = event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR)
        if is_writing or event in ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink"):
            path = args[1] if event == "os.rename" else args[0]
            place = os.path.realpath(os.fsdecode(path)) if isinstance(path, str | bytes | os.PathLike) else ""
            is_new = event != "os.mkdir" or not os.path.exists(place)
            if place and is_new and not f"{place}/".startswith((self.inside, "/dev/", "/proc/")):
                ours = [f for f in traceback.extract_stack() if "master_thesis" in f.filename]
                self.outside.append(f"{event} {place}" + (f" ({ours[-1].name})" if ours else ""))


@functools.cache
def _monitor() -> WriteMonitor:
    """The only monitor: an audit hook cannot be removed."""
    return WriteMonitor()


@contextlib.contextmanager
def writes_outside(folder: Path) -> Iterator[list[str]]:
    """Collects what is written outside a folder."""
    monitor = _monitor()
    monitor.inside, monitor.outside = os.path.realpath(folder) + os.sep, []
    try:
        yield monitor.outside
    finally:
        monitor.inside = None


def reset_peak() -> None:
    """Resets the peak memory of this process to its current memory."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def memory_mib(name: str) -> float:
    """Returns a figure of this process's status, such as ``VmRSS``."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1024
