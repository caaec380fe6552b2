"""What a result depends on, as a few numbers: an interrupted run goes on only if none of them has changed."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import torch
from torch import nn

from master_thesis.configs.video import VideoConfig
from master_thesis.video.windows import Filler

IRRELEVANT = {"output", "check", "overwrite", "overlay", "report", "lossless", "feather"}
"""Options that change how the result is written, not what is filled in."""


def fingerprint(config: VideoConfig, filler: Filler, test_size: tuple[int, int] | None) -> dict[str, Any]:
    """Everything a filled hole depends on, ready for JSON.

    Args:
        config: the options.
        filler: algorithm and networks.
        test_size: what is worked on.
    """
    options = {name: value for name, value in vars(config).items() if name not in IRRELEVANT}
    return {
        "options": {**options, "object_ids": list(config.object_ids)},
        "video": _files(Path(str(config.video))),
        "mask": _files(Path(str(config.mask))),
        "algorithm": filler.algorithm,
        "algorithm_options": {name: str(value) for name, value in sorted(filler.options.items())},
        "test_size": list(test_size) if test_size else "native",
        "device": filler.device.type,
        "aligner": _network(filler.aligner),
        "chn": _network(filler.chn),
    }


def _files(path: Path) -> str:
    """Names, sizes and times of a file or of the files of a folder."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    digest = hashlib.sha256()
    for file in files:
        if file.is_file():
            stat = file.stat()
            digest.update(f"{file.name} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def _network(network: Any) -> str:
    """The kind of a network and its weights."""
    digest = hashlib.sha256()
    if isinstance(network, nn.Module):
        for name, tensor in network.state_dict().items():
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().flatten().contiguous().view(torch.uint8).numpy().tobytes())
    return f"{type(network).__name__} {digest.hexdigest()[:16]}"
