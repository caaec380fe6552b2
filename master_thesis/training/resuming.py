"""The checkpoint that ``--ckpt_path last`` stands for, when several processes train together.

The first process chooses; if each searched by itself, another training that writes to the same folder, or a folder that
is not shared, could give them different ones, and they would wait for each other.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytorch_lightning as pl
import torch
from pytorch_lightning.plugins.environments import ClusterEnvironment
from pytorch_lightning.strategies import ParallelStrategy

from master_thesis.errors import UserError

CHOSEN = "MASTER_THESIS_CHOSEN_CHECKPOINT"
"""Environment variable by which a process tells those that it starts."""
TIMEOUT = timedelta(minutes=30)
"""How long nodes wait for the first one, as Lightning does."""


def choose_together(trainer: pl.Trainer, choose: Callable[[], Path]) -> Path:
    """Returns, in every process of a run, the checkpoint that the first process chooses.

    Args:
        trainer: the Trainer of the run, which has started no other process yet.
        choose: called in the first process alone.

    Raises:
        UserError: the first process found none; the others end with the same exit code.
    """
    strategy = trainer.strategy
    if trainer.world_size == 1 or not isinstance(strategy, ParallelStrategy):
        return choose()
    environment = strategy.cluster_environment
    assert environment is not None
    if trainer.local_rank > 0 and CHOSEN in os.environ:
        return Path(os.environ[CHOSEN])
    if strategy.launcher is None:  # torchrun and srun start every process
        strategy.setup_environment()
        own = _attempt(choose) if trainer.is_global_zero else None
        return _path_of(strategy.broadcast(own), trainer.is_global_zero)
    is_first = environment.node_rank() == 0
    answer = _attempt(choose) if is_first else None
    if trainer.num_nodes > 1:
        answer = _tell_nodes(environment, trainer.num_nodes, answer)
    path = _path_of(answer, is_first)
    os.environ[CHOSEN] = str(path)
    return path


def _attempt(choose: Callable[[], Path]) -> tuple[str, str]:
    """The path and an error, one of them empty."""
    try:
        return str(choose()), ""
    except UserError as error:
        return "", str(error)


def _path_of(answer: tuple[str, str] | None, is_first: bool) -> Path:
    assert answer is not None
    path, error = answer
    if path:
        return Path(path)
    if is_first:
        raise UserError(error)
    raise SystemExit(2)


def _tell_nodes(environment: ClusterEnvironment, num_nodes: int, answer: tuple[str, str] | None) -> tuple[str, str]:
    """Passes the answer of the first node on to the others, at the address where they will meet later."""
    address, is_first = (environment.main_address, environment.main_port), answer is not None
    store = torch.distributed.TCPStore(*address, is_master=is_first, wait_for_workers=False, timeout=TIMEOUT)
    if answer is None:
        path, error = json.loads(store.get("answer"))
        store.add("read", 1)
        return path, error
    store.set("answer", json.dumps(answer))
    end = time.monotonic() + TIMEOUT.total_seconds()
    while store.add("read", 0) < num_nodes - 1 and time.monotonic() < end:
        time.sleep(0.05)
    return answer
