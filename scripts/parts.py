"""A training's checkpoint in half precision and in small files, for machines that take and give little at a time.

Weights are kept in float16 and Adam's second moments, whose range is wide, in bfloat16. First moments, which remember
ten steps, start again from zero. Tensors that another file holds, the frozen VGG16, are left out and joined again.

    python -m scripts.parts split last.ckpt parts/ --frozen vgg.safetensors
    python -m scripts.parts join parts/dfpn.json last.ckpt --frozen vgg.safetensors
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

MOST = 16 * 2**20
"""Bytes of a part."""
KEPT = ("epoch", "global_step", "pytorch-lightning_version", "loops", "lr_schedulers", NETWORK_KEY)


def split(checkpoint: Path, folder: Path, frozen: Path | None = None, most: int = MOST) -> Path:
    """Writes a checkpoint as parts; returns the list of them, ``<kind>.json``, which appears last.

    Args:
        checkpoint: of a training.
        folder: where the parts go.
        frozen: a file with tensors that need not be kept.
        most: bytes of a part.
    """
    whole = read_checkpoint(checkpoint)
    known = _frozen(frozen)
    state = {k: v for k, v in whole["state_dict"].items() if not _is_known(k, v, known)}
    small: dict[str, Any] = {key: whole[key] for key in KEPT if key in whole}
    small["left_out"] = sorted(whole["state_dict"].keys() - state.keys())
    small["state_dict"] = _cast(state, torch.float16)
    small["optimizer_states"] = [_smaller(o) for o in whole["optimizer_states"]]
    buffer = io.BytesIO()
    torch.save(small, buffer)
    data, kind, parts = buffer.getvalue(), whole[NETWORK_KEY]["kind"], []
    for start in range(0, len(data), most):
        piece, name = data[start : start + most], f"{kind}.{len(parts):02d}"
        with atomic_path(folder / name) as part:
            part.write_bytes(piece)
        parts.append({"name": name, "bytes": len(piece), "sha256": hashlib.sha256(piece).hexdigest()})
    about = {"kind": kind, "step": whole["global_step"], "epoch": whole["epoch"], "parts": parts}
    path = folder / f"{kind}.json"
    with atomic_path(path) as part:
        part.write_text(json.dumps(about, indent=1) + "\n")
    return path


def join(listed: Path, checkpoint: Path, frozen: Path | None = None) -> None:
    """Writes the checkpoint that parts were made of, in float32, ready for ``--ckpt_path``.

    Args:
        listed: what :func:`split` returned; the parts lie beside it.
        checkpoint: where it goes.
        frozen: the file with the tensors that were not kept.

    Raises:
        UserError: a part is missing or damaged, or the frozen tensors are.
    """
    require(listed.is_file(), f"there should be a list of parts at {listed}, but there is no such file")
    data = b"".join(_part(listed.parent, part) for part in json.loads(listed.read_text())["parts"])
    small: dict[str, Any] = torch.load(io.BytesIO(data), weights_only=True)
    known, state = _frozen(frozen), _cast(small["state_dict"], torch.float32)
    for key in small.pop("left_out"):
        found = known.get(_leaf(key))
        require(found is not None, f"{listed} leaves out {key}: give --frozen with the file that holds it")
        state[key] = found.float()
    small["state_dict"] = state
    small["optimizer_states"] = [_larger(o) for o in small["optimizer_states"]]
    with atomic_path(checkpoint) as part:
        torch.save(small, part)


def _part(folder: Path, part: Mapping[str, Any]) -> bytes:
    path = folder / str(part["name"])
    data = path.read_bytes() if path.is_file() else b""
    is_whole = hashlib.sha256(data).hexdigest() == part["sha256"]
    require(is_whole, f"{path} should hold {part['bytes']} bytes as they were written, but is missing or damaged")
    return data


def _frozen(path: Path | None) -> dict[str, Tensor]:
    """Tensors of a file by the last two or three words of their names: ``features.0.weight``."""
    return {_leaf(k): v for k, v in named_tensors(read_checkpoint(path)).items()} if path else {}


def _leaf(key: str) -> str:
    _, found, rest = key.rpartition("features.")
    return found + rest


def _is_known(key: str, tensor: Tensor, known: Mapping[str, Tensor]) -> bool:
    there = known.get(_leaf(key))
    return there is not None and there.shape == tensor.shape and torch.equal(there.half(), tensor.half())


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
    parser.add_argument("--frozen", type=Path, help="a file whose tensors are left out, the VGG16 that was carried")
    options = parser.parse_args()
    try:
        {"split": split, "join": join}[options.what](options.source, options.target, options.frozen)
    except UserError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
