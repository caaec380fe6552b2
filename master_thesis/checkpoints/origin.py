"""Where a network came from: its kind, its file, and a fingerprint of its weights."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from master_thesis.models.aligner import FrozenAligner
from master_thesis.models.registry import NETWORKS


@dataclass(frozen=True)
class Origin:
    """What is known of a network that has been loaded.

    Attributes:
        path: its checkpoint.
        aligner: the aligner that a hallucinator was trained on, as :func:`identify` describes it; None: unknown.
    """

    path: Path
    aligner: dict[str, Any] | None = None


def set_origin(network: nn.Module, origin: Origin) -> None:
    """Notes where a network was loaded from."""
    network.origin = origin  # type: ignore[assignment]


def origin_of(network: Any) -> Origin | None:
    """Returns where a network was loaded from; None if it was not."""
    origin = getattr(_unwrapped(network), "origin", None)
    return origin if isinstance(origin, Origin) else None


def kind_of(network: Any) -> str:
    """Returns the kind of a network, a key of ``registry.NETWORKS``; the name of its class if it has none.

    >>> kind_of(nn.ReLU())
    'ReLU'
    """
    cls = type(_unwrapped(network))
    path = f"{cls.__module__}:{cls.__qualname__}"
    return next((kind for kind, spec in NETWORKS.items() if path == f"master_thesis.models.{spec.path}"), cls.__name__)


def identify(network: Any) -> dict[str, Any]:
    """Describes a network by its kind and a fingerprint of its weights, where it has any.

    The fingerprint is that of the weights in half precision: it stays the same when a checkpoint is exported.
    """
    inner = _unwrapped(network)
    state = inner.state_dict() if isinstance(inner, nn.Module) else {}
    digest = hashlib.sha256()
    for name, tensor in sorted(state.items()):
        digest.update(f"{name} {tuple(tensor.shape)} ".encode())
        digest.update(tensor.detach().cpu().to(torch.float16).contiguous().numpy().tobytes())
    return {"kind": kind_of(inner), **({"fingerprint": digest.hexdigest()[:16]} if state else {})}


def describe(network: Any) -> dict[str, Any]:
    """Describes a network for the record of a measurement: :func:`identify`, path and SHA-256 of its file."""
    origin = origin_of(network)
    if origin is None:
        return identify(network)
    with origin.path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return identify(network) | {"path": str(origin.path), "sha256": digest}


def _unwrapped(network: Any) -> Any:
    return network.aligner if isinstance(network, FrozenAligner) else network
