"""Reading checkpoints safely, and the names under which other implementations keep the same tensors.

A checkpoint is data: it is read with ``weights_only``, and one that asks for code to be run is refused.
"""

from __future__ import annotations

import json
import pickle
import re
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor

from master_thesis.config import UserError
from master_thesis.io.whole import write_whole

StateDict = dict[str, Tensor]

OWN_PREFIX = "network."
"""Before the keys of a network inside this project's Lightning checkpoints."""
NETWORK_KEY = "network"
"""Where this project's checkpoints say what network they hold: ``{"kind": ..., "sizes": {...}}``."""

DFPN_KEYS = {
    r"corr\.conv\.conv_1\.(\d+)": r"conv4d.over_refs.\1",
    r"corr\.conv\.conv_2\.(\d+)": r"conv4d.over_target.\1",
    r"corr_mixer\.mixer\.(\d+)": r"mixer.layers.\1",
    r"flow_64\.nn\.(\d+)": r"estimator_64.layers.\1",
    r"flow_256\.nn\.(\d+)": r"estimator_256.layers.\1",
    r"model_vgg\.features\.(\d|1\d|2[0-2])": r"vgg.features.\1",  # the first four blocks
}
CHN_KEYS = {
    r"nn\.conv_first\.(\d+)": r"head.\1",
    r"nn\.rrdb_trunk\.(\d+)\.rdb1\.conv(\d)": r"trunk.\1.blocks.0.convs.<\2>",
    r"nn\.rrdb_trunk\.(\d+)\.rdb2\.conv(\d)": r"trunk.\1.blocks.1.convs.<\2>",
    r"nn\.rrdb_trunk\.(\d+)\.rdb3\.conv(\d)": r"trunk.\1.blocks.2.convs.<\2>",
    r"nn\.trunk_conv": r"trunk.20",
    r"nn\.upconv(\d)": r"enlarge.<\1>",
    r"nn\.hr_conv": r"tail.0",
    r"nn\.conv_last": r"tail.2",
}
CPN_KEYS = {
    r"(?:module\.)?A_Encoder\.(conv\w+)\.conv\.0": r"encoder.\1",
    r"(?:module\.)?A_Regressor\.(conv(?:45|5a|5b|56))\.conv\.0": r"regressor.\1",
    r"(?:module\.)?A_Regressor\.fc": r"regressor.fc",
}
REFERENCE_KEYS = {"dfpn": DFPN_KEYS, "chn": CHN_KEYS, "cpn": CPN_KEYS}
"""Per kind of network: reference name (a pattern, without ``.weight`` or ``.bias``) to ours; ``<n>`` means n - 1."""


class _Inert:
    """Stands in for Lightning's own classes in old checkpoints; it keeps nothing and does nothing."""

    def __new__(cls, *args: Any, **kwargs: Any) -> _Inert:
        return super().__new__(cls)

    def __setstate__(self, state: Any) -> None:
        pass


STAND_INS: list[Any] = [
    (_Inert, "argparse.Namespace"),
    (_Inert, "pytorch_lightning.callbacks.early_stopping.EarlyStopping"),
    (_Inert, "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint"),
    (OrderedDict, "pytorch_lightning.utilities.parsing.AttributeDict"),  # it is filled item by item
]
"""What is made instead of the classes that Lightning left in old checkpoints, and their names there."""


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """Reads a checkpoint (``torch.save`` or safetensors) without running anything that it contains.

    Raises:
        UserError: where the file is missing, damaged, not a checkpoint, or would run code.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"there should be a checkpoint at {path}, but there is no such file")
    try:
        if path.suffix == ".safetensors":
            return _read_weights(path)
        with torch.serialization.safe_globals(STAND_INS):
            loaded = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        name = re.search(r"GLOBAL ([\w.]+)", str(error))
        if name:
            raise UserError(f"{path} asks for {name[1]} to be run while it is read: refused") from None
        raise UserError(f"{path} should be a checkpoint, but it is damaged or something else") from None
    except Exception:  # torch.load raises whatever the bytes provoke; none of it concerns the user
        raise UserError(f"{path} should be a checkpoint, but it is damaged (truncated?) or something else") from None
    if not isinstance(loaded, Mapping):
        raise UserError(f"{path} should be a checkpoint, but it holds a {type(loaded).__name__}")
    return dict(loaded)


def _read_weights(path: Path) -> dict[str, Any]:
    """A safetensors file as a checkpoint; what network it holds stands in its header."""
    with safetensors.safe_open(path, "pt") as file:
        metadata = file.metadata() or {}
        state = {key: file.get_tensor(key).float() for key in file.keys()}  # noqa: SIM118 (not a mapping)
    if NETWORK_KEY not in metadata:
        return {"state_dict": state}
    return {"state_dict": {OWN_PREFIX + k: v for k, v in state.items()}, NETWORK_KEY: json.loads(metadata[NETWORK_KEY])}


def write_weights(path: str | Path, entry: Mapping[str, Any], state: StateDict) -> None:
    """Writes a network's tensors as safetensors, whole or not at all.

    Args:
        path: a file that ends in ``.safetensors``; its folder must exist.
        entry: what network it is, ``{"kind": ..., "sizes": {...}}``.
        state: its tensors.

    Raises:
        UserError: where it cannot be written.
    """
    packed = {name: tensor.contiguous() for name, tensor in state.items()}  # safetensors knows no channels-last layout
    data = safetensors.torch.save(packed, metadata={NETWORK_KEY: json.dumps(entry)})
    write_whole(Path(path), lambda part: part.write_bytes(data))


def network_entry(checkpoint: Mapping[str, Any]) -> dict[str, Any] | None:
    """What one of this project's checkpoints says of its network; None for other checkpoints."""
    entry = checkpoint.get(NETWORK_KEY)
    is_own = (
        isinstance(entry, Mapping) and isinstance(entry.get("kind"), str) and isinstance(entry.get("sizes"), Mapping)
    )
    return dict(entry) if is_own else None  # type: ignore[arg-type]


def named_tensors(checkpoint: Mapping[str, Any]) -> StateDict:
    """The tensors of a checkpoint, whether they stand under ``state_dict`` or right in it."""
    state = checkpoint.get("state_dict", checkpoint)
    items = state.items() if isinstance(state, Mapping) else ()
    return {k: v for k, v in items if isinstance(k, str) and isinstance(v, Tensor)}


def network_state(checkpoint: Mapping[str, Any], kind: str) -> StateDict:
    """The tensors of one network under this project's names, from its own or a reference checkpoint.

    Args:
        checkpoint: what :func:`read_checkpoint` returned.
        kind: ``dfpn``, ``chn`` or ``cpn`` for reference checkpoints; own ones hold one network, whatever its kind.
    """
    state = named_tensors(checkpoint)
    if network_entry(checkpoint):
        return {k.removeprefix(OWN_PREFIX): v for k, v in state.items() if k.startswith(OWN_PREFIX)}
    if kind != "chn" and any(k.startswith("model_aligner.") for k in state):
        state = {k.removeprefix("model_aligner."): v for k, v in state.items() if k.startswith("model_aligner.")}
    return rename_reference(state, REFERENCE_KEYS.get(kind, {}))


def rename_reference(state: Mapping[str, Tensor], names: Mapping[str, str]) -> StateDict:
    """The entries whose names match, under this project's names; all others are left out."""
    renamed = {}
    for key, tensor in state.items():
        stem, _, leaf = key.rpartition(".")
        for pattern, ours in names.items():
            match = re.fullmatch(pattern, stem)
            if match and leaf in ("weight", "bias"):
                name = re.sub(r"<(\d+)>", lambda m: str(int(m[1]) - 1), match.expand(ours))
                renamed[f"{name}.{leaf}"] = tensor
    return renamed
