"""Ready networks: made new by name and sizes, or loaded from a checkpoint (in eval mode, on the CPU)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from master_thesis.checkpoints.reading import StateDict, network_entry, network_state, read_checkpoint, write_weights
from master_thesis.checkpoints.vgg import load_vgg_weights
from master_thesis.errors import UserError, require
from master_thesis.models.chn import CHN
from master_thesis.models.cpn import CPN
from master_thesis.models.dfpn import DFPN
from master_thesis.models.small.aligner import SmallDFPN
from master_thesis.models.small.chn import SmallCHN
from master_thesis.models.vgg import VGG16

log = logging.getLogger(__name__)

WEIGHTS = Path(__file__).parent.parent / "weights"
"""Where the weights that this package ships lie."""

KINDS: dict[str, type[nn.Module]] = {
    "dfpn": DFPN,
    "chn": CHN,
    "cpn": CPN,
    "small_dfpn": SmallDFPN,
    "small_chn": SmallCHN,
}


MAX_WIDTH, MAX_BLOCKS, MAX_SIDE, MAX_PARAMETERS = 4096, 1000, 1024, 2**28
"""Bounds of the sizes that a file may ask for: a few bytes could claim all memory. The thesis' CHN has 2**24."""


def make_network(kind: str, sizes: Mapping[str, Any]) -> nn.Module:
    """A new network, its weights laid out channels last: convolutions are faster so.

    Args:
        kind: a key of :data:`KINDS`.
        sizes: keyword arguments of its class.

    Raises:
        UserError: where it would be larger than ``MAX_PARAMETERS``.
    """
    # JSON knows no tuples, so what travelled in a safetensors header is a list.
    arguments = {name: tuple(v) if isinstance(v, list) else v for name, v in sizes.items()}
    for name, value in arguments.items():
        most = MAX_BLOCKS if "blocks" in name else MAX_SIDE if name == "size" else MAX_WIDTH
        values = value if isinstance(value, tuple) else (value,)
        is_sane = len(values) < 100 and all(type(v) in (int, float) and 0 <= v <= most for v in values)
        require(is_sane, f"the sizes of a network should lie in [1, {most}], got {name} = {str(value)[:50]}")
    with torch.device("meta"):  # takes no memory
        num_parameters = sum(p.numel() for p in KINDS[kind](**arguments).parameters())
    is_sane = num_parameters <= MAX_PARAMETERS
    require(is_sane, f"a network should have at most {MAX_PARAMETERS} parameters, these sizes make {num_parameters}")
    return KINDS[kind](**arguments).to(memory_format=torch.channels_last)


def fill_vgg(vgg: VGG16, source: str) -> VGG16:
    """Gives a VGG16 its trained weights, in place.

    Args:
        vgg: any number of blocks.
        source: ``imagenet``, ``random`` (it keeps the seeded weights it was made with) or a file.

    Raises:
        UserError: when the download fails, or the file does not fit.
    """
    weights = load_vgg_weights(source)
    if weights is not None:
        wanted = vgg.state_dict()
        try:
            vgg.load_state_dict({k: v for k, v in weights.items() if k in wanted})
        except RuntimeError as error:
            reason = " ".join(str(error).split())[:200]
            raise UserError(f"--vgg_weights {source}: should hold VGG16, but does not fit: {reason}") from None
    return vgg


def init_network(network: nn.Module, path: str | Path) -> None:
    """Gives a new network those tensors of a checkpoint whose names and shapes fit, in place.

    Raises:
        UserError: where the checkpoint is none, or nothing fits.
    """
    checkpoint = read_checkpoint(path)
    entry = network_entry(checkpoint)
    own = network.state_dict()
    state = _real_state(path, checkpoint, entry["kind"] if entry else "")
    fitting = {k: v for k, v in state.items() if k in own and own[k].shape == v.shape}
    if not fitting:
        raise UserError(f"--init_from {path}: should hold tensors of {type(network).__name__}, but none fits")
    network.load_state_dict(fitting, strict=False)
    log.info("--init_from %s: %d of %d tensors", path, len(fitting), len(own))


def load_dfpn(path: str | Path) -> DFPN | SmallDFPN:
    """DFPN from a checkpoint of this project (either preset) or of the reference implementation.

    Raises:
        UserError: where the file is missing, damaged, hostile, or holds no DFPN.
    """
    return _load(path, "dfpn", (DFPN, SmallDFPN))


def load_chn(path: str | Path) -> CHN | SmallCHN:
    """CHN from a checkpoint of this project (either preset) or of the reference implementation.

    Raises:
        UserError: where the file is missing, damaged, hostile, or holds no CHN.
    """
    return _load(path, "chn", (CHN, SmallCHN))


def load_cpn(path: str | Path) -> CPN:
    """CPN's aligner from its authors' ``weight.pth``, or from a reference CHN checkpoint that brings it.

    Raises:
        UserError: where the file is missing, damaged, hostile, or holds no CPN.
    """
    return _load(path, "cpn", (CPN,))


def load_small() -> tuple[SmallDFPN, SmallCHN]:
    """The small preset with the weights that this package ships: its aligner and its CHN."""
    return _load(WEIGHTS / "small_dfpn.safetensors", "dfpn", (SmallDFPN,)), _load(
        WEIGHTS / "small_chn.safetensors", "chn", (SmallCHN,)
    )


def export_network(checkpoint_path: str | Path, path: str | Path) -> None:
    """Writes the network of one of this project's checkpoints, in half precision and without anything else.

    Args:
        checkpoint_path: where it is read.
        path: a new ``.safetensors`` file, which :func:`load_dfpn` or :func:`load_chn` read like the checkpoint.

    Raises:
        UserError: where the checkpoint is none of this project's.
    """
    checkpoint = read_checkpoint(checkpoint_path)
    entry = network_entry(checkpoint)
    if entry is None:
        raise UserError(f"{checkpoint_path} should be a checkpoint of this project, but does not say what it holds")
    state = {k: v.half() for k, v in _real_state(checkpoint_path, checkpoint, entry["kind"]).items()}
    write_weights(path, entry, state)


def _real_state(path: str | Path, checkpoint: Mapping[str, Any], kind: str) -> StateDict:
    """The tensors of a network; whole or complex numbers would be taken for weights without a word."""
    state = network_state(checkpoint, kind)
    for name, tensor in state.items():
        dtype = str(tensor.dtype).removeprefix("torch.")
        require(tensor.is_floating_point(), f"{path} should hold real numbers, but {name} holds {dtype}")
    return state


def _load(path: str | Path, kind: str, classes: tuple[type[nn.Module], ...]) -> Any:
    """A network of the first class, or of the one that the checkpoint names."""
    checkpoint = read_checkpoint(path)
    entry = network_entry(checkpoint)
    cls = KINDS.get(entry["kind"]) if entry else classes[0]
    if entry and cls not in classes:
        raise UserError(f"{path} should hold {classes[0].__name__}, but it holds {entry['kind'].upper()}")
    state = _real_state(path, checkpoint, kind)
    if not state:
        raise UserError(f"{path} should hold the weights of {classes[0].__name__}, but holds none of them")
    sizes = entry["sizes"] if entry else {}
    try:
        network = make_network(next(name for name, made in KINDS.items() if made is cls), sizes)
        network.load_state_dict(state)
    except (UserError, ArithmeticError, RuntimeError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"{path} should hold the weights of {classes[0].__name__}, but does not: {reason}") from None
    return network.requires_grad_(False).eval().to(memory_format=torch.channels_last)
