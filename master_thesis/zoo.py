"""Ready networks: made new by name and sizes, or loaded from a checkpoint (in eval mode, on the CPU)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from torch import nn

from master_thesis.config import UserError
from master_thesis.io.checkpoints import network_entry, network_state, read_checkpoint
from master_thesis.io.vgg_weights import load_vgg_weights
from master_thesis.models.chn import CHN
from master_thesis.models.cpn import CPN
from master_thesis.models.dfpn import DFPN
from master_thesis.models.small_chn import SmallCHN
from master_thesis.models.small_dfpn import SmallDFPN
from master_thesis.models.vgg import VGG16

N = TypeVar("N", bound=nn.Module)

KINDS: dict[str, type[nn.Module]] = {
    "dfpn": DFPN,
    "chn": CHN,
    "cpn": CPN,
    "small_dfpn": SmallDFPN,
    "small_chn": SmallCHN,
}


def make_network(kind: str, sizes: Mapping[str, Any]) -> nn.Module:
    """A new network.

    Args:
        kind: a key of :data:`KINDS`.
        sizes: keyword arguments of its class.
    """
    return KINDS[kind](**sizes)


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


def load_dfpn(path: str | Path) -> DFPN:
    """DFPN from a checkpoint of this project or of the reference implementation.

    Raises:
        UserError: where the file is missing, damaged, hostile, or holds no DFPN.
    """
    return _load(path, DFPN, "dfpn")


def load_chn(path: str | Path) -> CHN:
    """CHN from a checkpoint of this project or of the reference implementation.

    Raises:
        UserError: where the file is missing, damaged, hostile, or holds no CHN.
    """
    return _load(path, CHN, "chn")


def load_cpn(path: str | Path) -> CPN:
    """CPN's aligner from its authors' ``weight.pth``, or from a reference CHN checkpoint that brings it.

    Raises:
        UserError: where the file is missing, damaged, hostile, or holds no CPN.
    """
    return _load(path, CPN, "cpn")


def _load(path: str | Path, cls: type[N], kind: str) -> N:
    checkpoint = read_checkpoint(path)
    entry = network_entry(checkpoint)
    name = cls.__name__
    if entry and KINDS.get(entry["kind"]) is not cls:
        raise UserError(f"{path} should hold {name}, but it holds {entry['kind'].upper()}")
    try:
        network = cls(**entry["sizes"]) if entry else cls()
        network.load_state_dict(network_state(checkpoint, kind))
    except (RuntimeError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"{path} should hold the weights of {name}, but does not: {reason}") from None
    return network.requires_grad_(False).eval()
