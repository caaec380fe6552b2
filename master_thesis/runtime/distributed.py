"""Communication between the processes of one run (Lightning's DDP)."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import distributed

from master_thesis.errors import UserError

T = TypeVar("T")


class SharedError(UserError):
    """An error raised by all processes of a run at the same point; only the first process prints it.

    An error raised by one process alone would leave the others waiting for it, or failing with a connection error.
    """


def is_distributed() -> bool:
    """Whether the run has started a process group."""
    return distributed.is_available() and distributed.is_initialized()


def all_sum(*numbers: int) -> list[int]:
    """Sums each number over all processes; every process must call it."""
    if not is_distributed():
        return list(numbers)
    device = "cuda" if "nccl" in distributed.get_backend() else "cpu"
    sums = torch.tensor(numbers, device=device)
    distributed.all_reduce(sums)
    return [int(number) for number in sums.tolist()]


def all_gather(own: T) -> list[T]:
    """Collects the values of all processes, ordered by rank; every process must call it."""
    if not is_distributed():
        return [own]
    found: list[T | None] = [None] * distributed.get_world_size()
    distributed.all_gather_object(found, own)
    return found  # type: ignore[return-value]


def require_everywhere(fault: str | None) -> None:
    """Raises :class:`SharedError` in all processes if any of them reports a fault; every process must call it."""
    if all_sum(fault is not None)[0]:
        raise SharedError("; ".join(dict.fromkeys(each for each in all_gather(fault) if each)))
