"""What the processes of one run (Lightning's DDP) tell each other."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import distributed

from master_thesis.errors import UserError

T = TypeVar("T")


class SharedError(UserError):
    """Raised by all processes of a run at the same point: the first one tells it, the others end quietly.

    An error of one process alone would leave the others waiting for it, or ending with an error about their connection.
    """


def are_several() -> bool:
    """Whether this process is one of several."""
    return distributed.is_available() and distributed.is_initialized()


def summed(*numbers: int) -> list[int]:
    """Sums over all processes; each must call it. Nothing happens where there is one."""
    if not are_several():
        return list(numbers)
    device = "cuda" if "nccl" in distributed.get_backend() else "cpu"
    sums = torch.tensor(numbers, device=device)
    distributed.all_reduce(sums)
    return [int(number) for number in sums.tolist()]


def gathered(own: T) -> list[T]:
    """What every process has; each must call it."""
    if not are_several():
        return [own]
    found: list[T | None] = [None] * distributed.get_world_size()
    distributed.all_gather_object(found, own)
    return found  # type: ignore[return-value]


def require_everywhere(fault: str | None) -> None:
    """Raises :class:`SharedError` in all processes where one of them has a fault; each must call it."""
    if summed(fault is not None)[0]:
        raise SharedError("; ".join(dict.fromkeys(each for each in gathered(fault) if each)))
