"""Safe reading of checkpoints.

A checkpoint is data: it is read with ``weights_only``, and one that would run code is refused. It takes about as much
memory as it has bytes, at most ``MAX_BYTES``: nothing in it may be compressed or claim more than the file holds.
"""

from __future__ import annotations

import json
import pickle
import re
import zipfile
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import safetensors.torch
import torch
from torch import Tensor, nn

from master_thesis.errors import UserError, require
from master_thesis.models.reference import rename_reference
from master_thesis.models.registry import NETWORKS
from master_thesis.runtime.atomic import atomic_path

N = TypeVar("N", bound=nn.Module)

StateDict = dict[str, Tensor]

MAX_BYTES = 2**33
"""Larger files (8 GiB) are refused; those of the reference implementation have 2 GB."""
OWN_PREFIX = "network."
"""Prefix of the network's keys in this project's Lightning checkpoints."""
NETWORK_KEY = "network"
"""Key under which this project's checkpoints describe their network: ``{"kind": ..., "sizes": {...}}``."""


class _Inert:
    """Replaces Lightning's own classes in old checkpoints; it keeps nothing and does nothing."""

    def __new__(cls, *args: Any, **kwargs: Any) -> _Inert:
        return super().__new__(cls)

    def __setstate__(self, state: Any) -> None:
        pass


STAND_INS: list[Any] = [
    (_Inert, "argparse.Namespace"),
    (_Inert, "pytorch_lightning.callbacks.early_stopping.EarlyStopping"),
    (_Inert, "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint"),
    (OrderedDict, "pytorch_lightning.utilities.parsing.AttributeDict"),  # filled item by item
]
"""Replacements of the classes that Lightning left in old checkpoints, with their names there."""


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """Reads a checkpoint (``torch.save`` or safetensors) without running any code that it contains.

    Raises:
        UserError: the file is missing, damaged, not a checkpoint, or would run code or exhaust memory.
    """
    path = Path(path)
    require_checkpoint(path)
    num_bytes = path.stat().st_size
    require(num_bytes <= MAX_BYTES, f"{path} has {num_bytes} bytes, more than the limit of {MAX_BYTES}")
    try:
        _refuse_packed(path, num_bytes)
        if path.suffix == ".safetensors":
            return _read_weights(path)
        with torch.serialization.safe_globals(STAND_INS):
            loaded = torch.load(path, map_location="cpu", weights_only=True)
    except UserError:
        raise
    except PermissionError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    except pickle.UnpicklingError as error:
        name = re.search(r"GLOBAL ([\w.]+)", str(error))
        if name:
            raise UserError(f"{path} asks for {name[1]} to be run while it is read: refused") from None
        raise UserError(f"{path} should be a checkpoint, but it is damaged or something else") from None
    except Exception:  # torch.load raises whatever the bytes provoke
        raise UserError(f"{path} should be a checkpoint, but it is damaged (truncated?) or something else") from None
    if not isinstance(loaded, Mapping):
        raise UserError(f"{path} should be a checkpoint, but it holds a {type(loaded).__name__}")
    for tensor in _tensors_in(loaded):
        require(_is_plain(tensor), f"{path} holds an incomplete tensor ({_described(tensor)}): refused")
    return dict(loaded)


def require_checkpoint(path: Path) -> None:
    """Raises :class:`UserError` if there is no file at ``path``."""
    require(path.is_file(), f"there should be a checkpoint at {path}, but there is no such file")


def _refuse_packed(path: Path, num_bytes: int) -> None:
    """Raises :class:`UserError` if a zip file is compressed: a few bytes could claim all memory."""
    with path.open("rb") as file:
        if file.read(2) != b"PK":
            return
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    is_plain = all(m.compress_type == zipfile.ZIP_STORED for m in members)
    is_plain = is_plain and sum(m.file_size for m in members) <= num_bytes
    require(is_plain, f"{path} is compressed and would take more memory than its size: refused, no checkpoint is")


def _tensors_in(loaded: Any) -> Iterator[Tensor]:
    """All tensors in a tree of mappings and sequences, which may contain itself."""
    waiting, seen = [loaded], set()
    while waiting:
        value = waiting.pop()
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, Mapping | list | tuple) and id(value) not in seen:
            seen.add(id(value))
            waiting += value.values() if isinstance(value, Mapping) else value


def _is_plain(tensor: Tensor) -> bool:
    """Whether a tensor owns memory for all its numbers; with strides of 0 one number could look like billions."""
    is_dense = tensor.layout == torch.strided and tensor.device.type == "cpu" and not tensor.is_quantized
    return is_dense and tensor.numel() * tensor.element_size() <= tensor.untyped_storage().nbytes()


def _described(tensor: Tensor) -> str:
    return f"{tuple(tensor.shape)}, {str(tensor.dtype).removeprefix('torch.')}, {tensor.layout}, {tensor.device}"


def _read_weights(path: Path) -> dict[str, Any]:
    """Reads a safetensors file as a checkpoint; its header describes the network."""
    with safetensors.safe_open(path, "pt") as file:
        metadata = file.metadata() or {}
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a mapping)
    state = {key: t.float() if t.is_floating_point() else t for key, t in tensors.items()}
    if NETWORK_KEY not in metadata:
        return {"state_dict": state}
    return {"state_dict": {OWN_PREFIX + k: v for k, v in state.items()}, NETWORK_KEY: json.loads(metadata[NETWORK_KEY])}


def write_weights(path: str | Path, entry: Mapping[str, Any], state: StateDict) -> None:
    """Writes a network's tensors as safetensors, atomically.

    Args:
        path: a file that ends in ``.safetensors``; its folder must exist.
        entry: description of the network, ``{"kind": ..., "sizes": {...}}``.
        state: its tensors.

    Raises:
        UserError: the file cannot be written.
    """
    packed = {name: tensor.contiguous() for name, tensor in state.items()}  # safetensors has no channels-last layout
    data = safetensors.torch.save(packed, metadata={NETWORK_KEY: json.dumps(entry)})
    with atomic_path(Path(path)) as part:
        part.write_bytes(data)


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that has been read.

    Attributes:
        path: where it was read from.
        content: what :func:`read_checkpoint` returned.
    """

    path: Path
    content: Mapping[str, Any]

    @classmethod
    def read(cls, path: str | Path) -> Checkpoint:
        """Reads a file (see :func:`read_checkpoint`)."""
        return cls(Path(path), read_checkpoint(path))

    @property
    def entry(self) -> dict[str, Any] | None:
        """The description of its network, ``{"kind": ..., "sizes": {...}}``; None unless this project wrote it."""
        return network_entry(self.content)

    def state(self, kind: str) -> StateDict:
        """The tensors of its network under our names (see :func:`network_state`).

        Raises:
            UserError: a tensor holds integers or complex numbers, which would be taken for weights silently.
        """
        state = network_state(self.content, kind)
        for name, tensor in state.items():
            dtype = str(tensor.dtype).removeprefix("torch.")
            require(tensor.is_floating_point(), f"{self.path} should hold real numbers, but {name} holds {dtype}")
        return state


def network_entry(checkpoint: Mapping[str, Any]) -> dict[str, Any] | None:
    """The description of the network in a checkpoint of this project; None for other checkpoints."""
    entry = checkpoint.get(NETWORK_KEY)
    is_own = (
        isinstance(entry, Mapping) and isinstance(entry.get("kind"), str) and isinstance(entry.get("sizes"), Mapping)
    )
    return dict(entry) if is_own else None  # type: ignore[arg-type]


def named_tensors(checkpoint: Mapping[str, Any]) -> StateDict:
    """The tensors of a checkpoint, under ``state_dict`` or at the top level."""
    state = checkpoint.get("state_dict", checkpoint)
    items = state.items() if isinstance(state, Mapping) else ()
    return {k: v for k, v in items if isinstance(k, str) and isinstance(v, Tensor)}


def with_weights(network: N, path: Path) -> N:
    """A network with the weights of a file of this project."""
    network.load_state_dict(named_tensors(Checkpoint.read(path).content))
    return network


def network_state(checkpoint: Mapping[str, Any], kind: str) -> StateDict:
    """The tensors of one network under this project's names, from a checkpoint of its own or of the reference.

    Args:
        checkpoint: a checkpoint from :func:`read_checkpoint`.
        kind: kind of network to take from a reference checkpoint; those of this project hold one network.
    """
    state = named_tensors(checkpoint)
    if network_entry(checkpoint):
        return {k.removeprefix(OWN_PREFIX): v for k, v in state.items() if k.startswith(OWN_PREFIX)}
    if kind != "chn" and any(k.startswith("model_aligner.") for k in state):
        state = {k.removeprefix("model_aligner."): v for k, v in state.items() if k.startswith("model_aligner.")}
    return rename_reference(state, NETWORKS[kind].reference_keys if kind in NETWORKS else {})
