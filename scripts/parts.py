"""Splits a training checkpoint into small files of half precision, and joins them again.

For machines with tight limits on what they receive and send. Weights are stored in float16 and Adam's second moments,
whose range is wide, in bfloat16. First moments, which span about ten steps, restart from zero. Tensors that another
file holds, those of the frozen VGG16, are left out.

    python -m scripts parts split last.ckpt parts/ --frozen vgg.safetensors
    python -m scripts parts join parts/dfpn.json last.ckpt --frozen vgg.safetensors
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from master_thesis.checkpoints.reading import NETWORK_KEY, named_tensors, read_checkpoint
from master_thesis.errors import UserError, require
from master_thesis.runtime.atomic import atomic_path

MAX_BYTES = 16 * 2**20
"""Largest size of a part."""
TENSORS = ("current_model_state", "averaging_state", "discriminator")
"""Further tensors of a training: those of the network where their average is saved, and the discriminator's."""
KEPT = ("epoch", "global_step", "pytorch-lightning_version", "loops", "lr_schedulers", NETWORK_KEY)


def split(checkpoint: Path, folder: Path, frozen: Path | None = None, max_bytes: int = MAX_BYTES) -> Path:
    """Splits a checkpoint; returns the list of its parts, ``<kind>.json``, which is written last.

    Args:
        checkpoint: checkpoint of a training.
        folder: folder of the parts.
        frozen: file with tensors to leave out.
        max_bytes: largest size of a part.
    """
    content = read_checkpoint(checkpoint)
    known = _frozen(frozen)
    state = {k: v for k, v in content["state_dict"].items() if not _is_known(k, v, known)}
    small: dict[str, Any] = {key: content[key] for key in KEPT if key in content}
    small["left_out"] = sorted(content["state_dict"].keys() - state.keys())
    small["state_dict"] = _cast(state, torch.float16)
    small |= {key: _cast(content[key], torch.float16) for key in TENSORS if key in content}
    small["optimizer_states"] = [_smaller(o) for o in content["optimizer_states"]]
    buffer = io.BytesIO()
    torch.save(small, buffer)
    folder.mkdir(parents=True, exist_ok=True)
    data, kind, parts = buffer.getvalue(), content[NETWORK_KEY]["kind"], []
    for start in range(0, len(data), max_bytes):
        piece, name = data[start : start + max_bytes], f"{kind}.{len(parts):02d}"
        with atomic_path(folder / name) as part:
            part.write_bytes(piece)
        parts.append({"name": name, "bytes": len(piece), "sha256": hashlib.sha256(piece).hexdigest()})
    about = {"kind": kind, "step": content["global_step"], "epoch": content["epoch"], "parts": parts}
    path = folder / f"{kind}.json"
    with atomic_path(path) as part:
        part.write_text(json.dumps(about, indent=1) + "\n")
    return path


def join(listed: Path, checkpoint: Path, frozen: Path | None = None) -> None:
    """Joins the parts of a checkpoint into one of float32 that ``--ckpt_path`` accepts.

    Args:
        listed: list of the parts as :func:`split` returns it; the parts lie beside it.
        checkpoint: file to write.
        frozen: file with the tensors that were left out.

    Raises:
        UserError: If a part or a frozen tensor is missing or damaged.
    """
    require(listed.is_file(), f"{listed} should be a list of parts, but there is no such file")
    data = b"".join(_part(listed.parent, part) for part in json.loads(listed.read_text())["parts"])
    small: dict[str, Any] = torch.load(io.BytesIO(data), weights_only=True)
    known, state = _frozen(frozen), _cast(small["state_dict"], torch.float32)
    for key in small.pop("left_out"):
        found = known.get(_leaf(key))
        require(found is not None, f"{listed} leaves out {key}: give --frozen with the file that holds it")
        state[key] = found.float()
    small["state_dict"] = state
    small |= {key: _cast(small[key], torch.float32) for key in TENSORS if key in small}
    small["optimizer_states"] = [_larger(o) for o in small["optimizer_states"]]
    with atomic_path(checkpoint) as part:
        torch.save(small, part)


def _part(folder: Path, part: Mapping[str, Any]) -> bytes:
    path = folder / str(part["name"])
    data = path.read_bytes() if path.is_file() else b""
    is_intact = hashlib.sha256(data).hexdigest() == part["sha256"]
    require(is_intact, f"{path} should hold {part['bytes']} bytes as written, but is missing or damaged")
    return data


def _frozen(path: Path | None) -> dict[str, Tensor]:
    """Returns the tensors of a file by the ends of their names, such as ``features.0.weight``."""
    return {_leaf(k): v for k, v in named_tensors(read_checkpoint(path)).items()} if path else {}


def _leaf(key: str) -> str:
    _, found, rest = key.rpartition("features.")
    return found + rest


def _is_known(key: str, tensor: Tensor, known: Mapping[str, Tensor]) -> bool:
    same = known.get(_leaf(key))
    return same is not None and same.shape == tensor.shape and torch.equal(same.half(), tensor.half())


def _cast(state: Mapping[str, Tensor], dtype: torch.dtype) -> dict[str, Tensor]:
    return {k: v.to(dtype) if v.is_floating_point() else v for k, v in state.items()}


def _each_moment(optimizer: Mapping[str, Any], change: Callable[[dict[str, Tensor]], dict[str, Tensor]]) -> Any:
    return {**optimizer, "state": {i: change(dict(moments)) for i, moments in optimizer["state"].items()}}


def _smaller(optimizer: Mapping[str, Any]) -> Any:
    return _each_moment(optimizer, lambda m: {"step": m["step"], "exp_avg_sq": m["exp_avg_sq"].bfloat16()})


def _larger(optimizer: Mapping[str, Any]) -> Any:
    def change(m: dict[str, Tensor]) -> dict[str, Tensor]:
        second = m["exp_avg_sq"].float()
        return {"step": m["step"], "exp_avg": torch.zeros_like(second), "exp_avg_sq": second}

    return _each_moment(optimizer, change)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("split", "join"))
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--frozen", type=Path, help="file whose tensors are left out: the packed VGG16")
    options = parser.parse_args()
    try:
        {"split": split, "join": join}[options.what](options.source, options.target, options.frozen)
    except UserError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
