"""Communication between the processes of one run (Lightning's DDP)."""

from __future__ import annotations

import os
from typing import TypeVar

import torch
from torch import distributed

from master_thesis.errors import UserError

T = TypeVar("T")


class SharedError(UserError):
    """An error raised by all processes of a run at the same point; only the first process prints it.

    An error raised by one process alone would leave the others waiting for it, or failing with a connection error.
    """


def launched_rank() -> int:
    """The number of this process among those that ``torchrun`` or ``srun`` started, whether they communicate or not."""
    return _first_number(("RANK", "SLURM_PROCID"), 0) if launched_world() > 1 else 0


def launched_local_rank() -> int:
    """The number of this process among those on its machine."""
    return _first_number(("LOCAL_RANK", "SLURM_LOCALID"), 0) if launched_world() > 1 else 0


def launched_world() -> int:
    """The number of processes that ``torchrun`` or ``srun`` started."""
    return (
        _first_number(("WORLD_SIZE", "SLURM_NTASKS"), 1) if "RANK" in os.environ or "SLURM_PROCID" in os.environ else 1
    )


def _first_number(names: tuple[str, ...], otherwise: int) -> int:
    """The first of some environment variables that is a number."""
    return next((int(os.environ[name]) for name in names if os.environ.get(name, "").isdecimal()), otherwise)


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
