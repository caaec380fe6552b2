"""Networks of the user's own, named as ``package.module:Class``."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

from torch import nn

from master_thesis.checkpoints.reading import named_tensors, read_checkpoint
from master_thesis.errors import UserError, require
from master_thesis.models.aligner import AlignsPairs
from master_thesis.models.hallucinator import Hallucinator


def load_own_aligner(path: str, checkpoint: str | None) -> Any:
    """Creates an aligner of the user's own (arguments: :func:`load_own`).

    Raises:
        UserError: the class cannot be imported, is no aligner, or does not fit the checkpoint.
    """
    aligner = load_own(path, checkpoint, "--chn_aligner")
    is_aligner = isinstance(aligner, AlignsPairs)
    require(is_aligner, f"--chn_aligner {path} should have a method align, as master_thesis.models.aligner.Aligner")
    return aligner


def load_own_hallucinator(path: str, checkpoint: str | None) -> Any:
    """Creates a hallucinator of the user's own (arguments: :func:`load_own`).

    Raises:
        UserError: the class cannot be imported, cannot be called, or does not fit the checkpoint.
    """
    painter = load_own(path, checkpoint, "--hallucinator")
    is_painter = isinstance(painter, Hallucinator) or callable(painter)
    require(is_painter, f"--hallucinator {path} should be a master_thesis.models.hallucinator.Hallucinator")
    return painter


def load_own(path: str, checkpoint: str | None, flag: str) -> Any:
    """Creates a network by its class, in eval mode and frozen.

    Args:
        path: ``package.module:Class``, importable from the current folder or installed; called without arguments.
        checkpoint: file with its ``state_dict``, or a Lightning checkpoint with the same keys; None: as created.
        flag: the option, for messages.
    """
    network = import_own(path, flag)()
    if checkpoint:
        require(isinstance(network, nn.Module), f"{flag} {path} is no torch module: leave out its checkpoint")
        try:
            network.load_state_dict(named_tensors(read_checkpoint(checkpoint)))
        except RuntimeError as error:
            message = " ".join(str(error).split())[:200]
            raise UserError(f"{checkpoint} should hold the weights of {path}: {message}") from None
    return network.requires_grad_(False).eval() if isinstance(network, nn.Module) else network


def import_own(path: str, flag: str) -> Any:
    """Imports a class of the user's own.

    Args:
        path: ``package.module:Class``, importable from the current folder or installed.
        flag: the option, for messages.

    Raises:
        UserError: it cannot be imported.
    """
    module, _, name = path.partition(":")
    if os.getcwd() not in sys.path:  # as with `python -m`
        sys.path.append(os.getcwd())
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise UserError(f"{flag} {path} should be PACKAGE.MODULE:CLASS, but cannot be imported: {error}") from None
