"""Ready networks on the CPU: created by kind and sizes, or loaded from a checkpoint, frozen unless asked otherwise."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import nn

from master_thesis.checkpoints.origin import Origin, set_origin
from master_thesis.checkpoints.reading import Checkpoint, with_weights, write_weights
from master_thesis.checkpoints.vgg import load_vgg_weights
from master_thesis.errors import UserError, require
from master_thesis.models.coarse import CoarseColours
from master_thesis.models.registry import NETWORKS, WEIGHTS, NetworkSpec, find_network
from master_thesis.models.vgg import VGG16

log = logging.getLogger(__name__)

MAX_WIDTH, MAX_BLOCKS, MAX_SIDE, MAX_PARAMETERS = 4096, 1000, 1024, 2**28
"""Bounds of the sizes that a file may ask for: a few bytes could claim all memory. The thesis' CHN has 2**24."""
MAX_VALUES = 100
"""Bound of the length of an argument: values of a tuple, letters of a word."""


def make_network(kind: str, sizes: Mapping[str, Any]) -> nn.Module:
    """Creates a network whose weights are laid out channels last, which makes convolutions faster.

    Args:
        kind: a key of :data:`~master_thesis.models.registry.NETWORKS`.
        sizes: keyword arguments of its class.

    Raises:
        UserError: a size is out of range, or the network would have more than ``MAX_PARAMETERS`` parameters.
    """
    # JSON has no tuples: sizes from the header of a safetensors file are lists.
    arguments = {name: tuple(v) if isinstance(v, list) else v for name, v in sizes.items()}
    for name, value in arguments.items():
        most = MAX_BLOCKS if "blocks" in name else MAX_SIDE if name == "size" else MAX_WIDTH
        values = value if isinstance(value, tuple) else (value,)
        is_sane = len(values) < MAX_VALUES and all(_is_sane(v, most) for v in values)
        words = f"the arguments of a network should be numbers in [0, {most}], true, false or short words"
        require(is_sane, f"{words}, got {name} = {str(value)[:50]}")
    cls = NETWORKS[kind].cls
    with torch.device("meta"):  # takes no memory
        num_parameters = sum(p.numel() for p in cls(**arguments).parameters())
    is_sane = num_parameters <= MAX_PARAMETERS
    require(is_sane, f"a network should have at most {MAX_PARAMETERS} parameters, these sizes make {num_parameters}")
    return cls(**arguments).to(memory_format=torch.channels_last)


def _is_sane(value: Any, most: int) -> bool:
    """Whether an argument of a network is a plain value that cannot claim much memory by itself."""
    if isinstance(value, str):
        return len(value) < MAX_VALUES
    return type(value) is bool or (type(value) in (int, float) and 0 <= value <= most)


def fill_vgg(vgg: VGG16, source: str) -> VGG16:
    """Loads trained weights into a VGG16, in place.

    Args:
        vgg: any number of blocks.
        source: ``imagenet``, ``random`` (keeps the seeded weights it was created with) or a file.

    Raises:
        UserError: the download fails, or the file does not fit.
    """
    weights = load_vgg_weights(source)
    if weights is not None:
        wanted = vgg.state_dict()
        try:
            vgg.load_state_dict({k: v for k, v in weights.items() if k in wanted})
        except RuntimeError as error:
            raise UserError(f"--vgg_weights {source}: should hold VGG16, but does not fit: {_short(error)}") from None
    return vgg


def init_network(network: nn.Module, path: str | Path) -> None:
    """Copies the tensors of a checkpoint whose names and shapes fit into a new network, in place.

    Raises:
        UserError: the file is no checkpoint, or nothing fits.
    """
    checkpoint = Checkpoint.read(path)
    own = network.state_dict()
    state = checkpoint.state(checkpoint.entry["kind"] if checkpoint.entry else "")
    fitting = {k: v for k, v in state.items() if k in own and own[k].shape == v.shape}
    if not fitting:
        raise UserError(f"--init_from {path}: should hold tensors of {type(network).__name__}, but none fits")
    network.load_state_dict(fitting, strict=False)
    log.info("--init_from %s: %d of %d tensors", path, len(fitting), len(own))


def load_shipped(family: str, trainable: bool = False) -> nn.Module:
    """Loads the shipped network of a family (``dfpn`` or ``chn``)."""
    path = find_network(family, "small").weights
    assert path is not None, f"no weights of {family} are shipped"
    return load_network(Checkpoint.read(path), family, trainable)


@lru_cache(maxsize=1)
def load_coarse(path: Path = WEIGHTS / "coarse_colours.safetensors") -> CoarseColours:
    """Loads the shipped network that guesses coarse colours, in single precision, ready to run."""
    return with_weights(CoarseColours(), path).requires_grad_(False).eval()


def load_network(checkpoint: Checkpoint, family: str, trainable: bool = False) -> nn.Module:
    """Creates the network of a checkpoint and loads its weights.

    Args:
        checkpoint: a checkpoint of this project or of the reference implementation.
        family: the networks that will do, e.g. ``dfpn`` for DFPN and the small preset's aligner. A checkpoint that does
            not name its network holds the thesis' network of this family.
        trainable: whether it can be trained on; its VGG16 stays frozen. Otherwise no parameter takes gradients, and
            the network is in eval mode.

    Raises:
        UserError: the checkpoint holds another network, or none.
    """
    path, entry, wanted = checkpoint.path, checkpoint.entry, find_network(family)
    spec = NETWORKS.get(entry["kind"]) if entry else wanted
    if spec is None or spec.family != family:
        held = entry["kind"].upper() if entry else "something else"
        raise UserError(f"{path} should hold {_name(wanted)}, but it holds {held}")
    state = checkpoint.state(spec.kind)
    if not state:
        raise UserError(f"{path} should hold the weights of {_name(wanted)}, but holds none of them")
    try:
        network = make_network(spec.kind, entry["sizes"] if entry else {})
        network.load_state_dict(state)
    except (UserError, ArithmeticError, RuntimeError, TypeError, ValueError) as error:
        what = f"{path} should hold the weights of {_name(wanted)}, but does not"
        raise UserError(f"{what}: {_short(error)}") from None
    aligner = (entry or {}).get("aligner")
    set_origin(network, Origin(path, aligner if isinstance(aligner, dict) else None))
    network = network.train() if trainable else network.requires_grad_(False).eval()
    return network.to(memory_format=torch.channels_last)


def export_network(checkpoint_path: str | Path, path: str | Path) -> None:
    """Writes the network of one of this project's checkpoints in half precision, without the state of its training.

    Args:
        checkpoint_path: the checkpoint.
        path: a new ``.safetensors`` file, which :func:`load_dfpn` or :func:`load_chn` reads like the checkpoint.

    Raises:
        UserError: the checkpoint was not written by this project.
    """
    checkpoint = Checkpoint.read(checkpoint_path)
    entry = checkpoint.entry
    if entry is None:
        raise UserError(f"{checkpoint_path} should be a checkpoint of this project, but does not say what it holds")
    state = {k: v.half() for k, v in checkpoint.state(entry["kind"]).items()}
    write_weights(path, entry, state)


def _name(spec: NetworkSpec) -> str:
    return spec.cls.__name__


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
