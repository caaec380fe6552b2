"""Medians, spreads and rows of the table."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from master_thesis.runtime.malloc import keep_freed_memory
from scripts.machine import describe_machine

clock = time.perf_counter
"""The clock of all measurements."""


def use_processor_time() -> None:
    """Measures the processor time of a single thread from now on, which other load on the machine hardly affects."""
    global clock
    clock = time.process_time
    torch.set_num_threads(1)


def seconds_of(run: Callable[[], object], rounds: int = 3, is_warm: bool = False) -> list[float]:
    """Returns the seconds of each round after one that warms up; waits for a GPU to finish."""
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
    """Returns the seconds of both sides, run alternately so that a busy moment affects both.

    The plain side runs with the default settings of glibc's allocator.
    """
    seconds: tuple[list[float], list[float]] = ([], [])
    for is_measured in (False, *(True,) * rounds):
        for side, run in enumerate((plain, fast)):
            keep_freed_memory(side == 1)
            taken = seconds_of(run, 1, is_warm=True)
            if is_measured:
                seconds[side].extend(taken)
    return seconds


def around(plain: Callable[[], object], fast: Callable[[], object]) -> tuple[list[float], list[float]]:
    """Returns the seconds of a plain side that takes minutes, run once between two of the fast side; no warm-up."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for side in (1, 0, 1):
        keep_freed_memory(side == 1)
        seconds[side].extend(seconds_of((plain, fast)[side], 1, is_warm=True))
    return seconds


def row(name: str, plain: list[float], fast: list[float], goal: str = "", note: str = "") -> dict[str, Any]:
    """Returns a row of the table: both sides in seconds, and their ratio."""
    return line(name, spread(plain), spread(fast), statistics.median(plain) / statistics.median(fast), goal, note)


def line(name: str, plain: str, fast: str, ratio: float, goal: str = "", note: str = "") -> dict[str, Any]:
    """Returns a row of the table with the given texts; the ratio is rounded."""
    return {"name": name, "plain": plain, "fast": fast, "ratio": round(ratio, 2), "goal": goal, "note": note}


def spread(seconds: list[float]) -> str:
    """Returns the median with the smallest and the largest value."""
    low, middle, high = min(seconds), statistics.median(seconds), max(seconds)
    return f"{middle:.3g} s" if len(seconds) == 1 else f"{middle:.3g} s ({low:.3g}-{high:.3g})"


def append(path: Path, rows: list[dict[str, Any]]) -> None:
    """Adds rows to a file; a row replaces that of the same name."""
    kept = json.loads(path.read_text())["rows"] if path.exists() else []
    by_name = {r["name"]: r for r in [*kept, *rows]}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"machine": describe_machine(), "rows": list(by_name.values())}, indent=1) + "\n")
