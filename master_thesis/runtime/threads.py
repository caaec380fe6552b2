"""Makes the threads of torch leave the processor to others while they wait."""

from __future__ import annotations

import os
from collections.abc import MutableMapping

PASSIVE = {"OMP_WAIT_POLICY": "PASSIVE"}
"""Variables of OpenMP, which reads them when torch is imported. By default idle threads spin: on a processor that is
busy with something else, they hold up the threads that they wait for."""
SPIN_COUNT = "GOMP_SPINCOUNT"
"""The variable of GNU's OpenMP that says the same more exactly."""


def wait_passively(environment: MutableMapping[str, str] = os.environ) -> None:
    """Lets idle threads sleep; settings of the user stay. Has no effect once torch is imported.

    Args:
        environment: variables of the process.
    """
    if SPIN_COUNT not in environment:
        for name, value in PASSIVE.items():
            environment.setdefault(name, value)
