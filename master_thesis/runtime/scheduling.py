"""Keeps the scheduling of threads as it is where a library changes it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

TASKS = Path("/proc/self/task")
"""Linux lists the threads of the process here."""


@contextmanager
def scheduling_kept() -> Iterator[None]:
    """Gives all threads the scheduling of this one again if the block changes theirs; new threads get it, too.

    For the root user, SVT-AV1 asks for real time with the highest priority, for its own threads and the one that opens
    it. Processes that this one starts inherit that: a busy one takes a core from everything else on the machine.
    Elsewhere than on Linux, nothing happens.
    """
    if not sys.platform.startswith("linux"):
        yield
        return
    policy, priority = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        for thread in TASKS.iterdir():
            with suppress(ProcessLookupError):  # it has ended
                if os.sched_getscheduler(int(thread.name)) != policy:
                    os.sched_setscheduler(int(thread.name), policy, priority)
