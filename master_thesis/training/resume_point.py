"""The checkpoint from which a training is resumed: one that the user names, or the newest one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from master_thesis.checkpoints.reading import network_entry, read_checkpoint
from master_thesis.errors import UserError


@dataclass(frozen=True)
class ResumePoint:
    """A checkpoint that a training can be resumed from.

    Attributes:
        path: the file.
        entry: its network, ``{"kind": ..., "sizes": {...}}``.
        optim: the options of its optimiser, by the names of ``OptimConfig``.
    """

    path: Path
    entry: dict[str, Any]
    optim: dict[str, Any]


def resumable(path: Path, kind: str) -> ResumePoint:
    """Reads a checkpoint from which a training is to be resumed.

    Args:
        path: the checkpoint.
        kind: of the network to train, a key of ``registry.NETWORKS``.

    Raises:
        UserError: it is missing, damaged, of another network, or holds weights alone.
    """
    checkpoint = read_checkpoint(path)
    entry = network_entry(checkpoint)
    if entry is None or entry["kind"] != kind:
        found = "no network of this project" if entry is None else entry["kind"].upper()
        raise UserError(f"--ckpt_path {path} should hold a training of {kind.upper()}, but it holds {found}")
    if not {"loops", "optimizer_states", "lr_schedulers"} <= checkpoint.keys():
        raise UserError(f"--ckpt_path {path} holds weights alone, without a state to resume the training from")
    return ResumePoint(path, entry, _optim_options(checkpoint))


def _optim_options(checkpoint: Mapping[str, Any]) -> dict[str, Any]:
    """What the states of Adam and StepLR keep of their options, whatever is given when they are restored."""
    schedulers = checkpoint["lr_schedulers"]
    state = schedulers[0] if isinstance(schedulers, list) and schedulers and isinstance(schedulers[0], Mapping) else {}
    kept = {"lr_scheduler_step_size": state.get("step_size"), "lr_scheduler_gamma": state.get("gamma")}
    rates = state.get("base_lrs")
    kept["lr"] = rates[0] if isinstance(rates, list) and rates else None
    return {name: value for name, value in kept.items() if isinstance(value, int | float)}


def newest_checkpoint(logs: Path, kind: str) -> ResumePoint:
    """Finds the newest complete checkpoint of a training.

    Args:
        logs: folder of the runs, ``lightning_logs``.
        kind: of the network to train.

    Raises:
        UserError: there is none.
    """
    # best.ckpt is written before an epoch has ended: the last choice.
    found = sorted(
        logs.glob("*/checkpoints/*.ckpt"),
        key=lambda path: (path.name != "best.ckpt", path.stat().st_mtime_ns),
        reverse=True,
    )
    for path in found:
        try:
            return resumable(path, kind)
        except UserError:
            continue
    raise UserError(f"--ckpt_path last: there is no complete checkpoint of a training of {kind.upper()} below {logs}")
