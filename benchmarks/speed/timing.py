"""Medians, spreads, and the machine they were measured on."""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from master_thesis.runtime.malloc import keep_freed_memory

clock = time.perf_counter
"""What seconds are read from."""


def count_work_alone() -> None:
    """From now on, seconds are processor time of a single thread: what else the machine does hardly counts."""
    global clock
    clock = time.process_time
    torch.set_num_threads(1)


def seconds_of(run: Callable[[], object], rounds: int = 3, is_warm: bool = False) -> list[float]:
    """Seconds of each round, after one to warm up; a GPU has finished by then."""
    if not is_warm:
        run()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    seconds = []
    for _ in range(rounds):
        start = clock()
        run()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        seconds.append(clock() - start)
    return seconds


def against(
    plain: Callable[[], object], fast: Callable[[], object], rounds: int = 3
) -> tuple[list[float], list[float]]:
    """Seconds of both sides, in turns so that a busy moment meets both; the plain one with glibc's own habits."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for is_measured in (False, *(True,) * rounds):
        for side, run in enumerate((plain, fast)):
            keep_freed_memory(side == 1)
            taken = seconds_of(run, 1, is_warm=True)
            if is_measured:
                seconds[side].extend(taken)
    return seconds


def around(plain: Callable[[], object], fast: Callable[[], object]) -> tuple[list[float], list[float]]:
    """The same where the plain one takes minutes: once, between two runs of the fast one; both should be warm."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for side in (1, 0, 1):
        keep_freed_memory(side == 1)
        seconds[side].extend(seconds_of((plain, fast)[side], 1, is_warm=True))
    return seconds


def row(name: str, plain: list[float], fast: list[float], goal: str = "", note: str = "") -> dict[str, Any]:
    """A line of the table: both sides in seconds, and how many times faster the fast one is."""
    return line(name, told(plain), told(fast), statistics.median(plain) / statistics.median(fast), goal, note)


def line(name: str, plain: str, fast: str, ratio: float, goal: str = "", note: str = "") -> dict[str, Any]:
    """A line of the table in words; the ratio is rounded."""
    return {"name": name, "plain": plain, "fast": fast, "ratio": round(ratio, 2), "goal": goal, "note": note}


def told(seconds: list[float]) -> str:
    """Median and spread."""
    low, middle, high = min(seconds), statistics.median(seconds), max(seconds)
    return f"{middle:.3g} s" if len(seconds) == 1 else f"{middle:.3g} s ({low:.3g}-{high:.3g})"


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    names = [line.partition(":")[2].strip() for line in _cpu_info() if line.startswith("model name")]
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
    return {
        "cpu": f"{names[0] if names else platform.processor()}, {os.cpu_count()} cores",
        "gpu": gpu,
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def _cpu_info() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def append(path: Path, rows: list[dict[str, Any]]) -> None:
    """Adds rows to a file; those of the same name are replaced where they stand."""
    kept = json.loads(path.read_text())["rows"] if path.exists() else []
    by_name = {r["name"]: r for r in [*kept, *rows]}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"machine": machine(), "rows": list(by_name.values())}, indent=1) + "\n")
