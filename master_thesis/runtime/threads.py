"""Chooses how the threads of torch wait for each other: asleep on a busy machine, spinning on an idle one."""

from __future__ import annotations

import os
import time
from collections.abc import MutableMapping
from dataclasses import dataclass
from pathlib import Path

PASSIVE = {"OMP_WAIT_POLICY": "PASSIVE"}
"""Variables of OpenMP, which reads them when torch is imported. By default idle threads spin for about a millisecond:
on a processor that is busy with something else, they hold up the threads that they wait for."""
SPIN_COUNT = "GOMP_SPINCOUNT"
"""The variable of GNU's OpenMP that says the same more exactly."""
SPARE_CORES = 0.25
"""Up to this much work of others (in cores) a machine counts as idle."""
COUNTERS = Path("/proc/stat")
"""Linux counts here for how long all cores together were busy since the machine started."""


@dataclass(frozen=True)
class Load:
    """The work of other processes since this record was made.

    Measured while the command starts, so it costs no time; the load average would count the last command as well.
    """

    wall_s: float
    others_s: float

    @classmethod
    def now(cls) -> Load | None:
        """The counters at this moment; None where the system has none."""
        try:
            busy_s = read_busy_seconds(COUNTERS.read_text())
        except (OSError, ValueError, IndexError):
            return None
        return cls(time.monotonic(), busy_s - time.process_time())

    def busy_cores(self, later: Load) -> float:
        """How many cores others kept busy between this moment and a later one."""
        return (later.others_s - self.others_s) / max(later.wall_s - self.wall_s, 1e-3)


def read_busy_seconds(counters: str) -> float:
    """Adds up what all cores were busy with, including the neighbours of a virtual machine.

    Args:
        counters: text in the format of ``/proc/stat``.
    """
    user, nice, system, _idle, _io_wait, irq, soft_irq, steal = map(int, counters.split("\n")[0].split()[1:9])
    return (user + nice + system + irq + soft_irq + steal) / os.sysconf("SC_CLK_TCK")


def choose_waiting(since: Load | None, environment: MutableMapping[str, str] = os.environ) -> None:
    """Lets idle threads sleep if others keep the machine busy; settings of the user stay.

    Has no effect once torch is imported.

    Args:
        since: the load when the command started; None counts as busy, because sleeping costs less where it is wrong.
        environment: variables of the process.
    """
    now = Load.now()
    is_idle = since is not None and now is not None and since.busy_cores(now) <= SPARE_CORES
    if SPIN_COUNT not in environment and not is_idle:
        for name, value in PASSIVE.items():
            environment.setdefault(name, value)
