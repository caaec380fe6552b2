"""A record of everything a result depends on: an interrupted run continues only if nothing of it has changed."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import nn

from master_thesis.configs.video import VideoConfig, WorkingSize
from master_thesis.inpainting.inpainter import Inpainter

IRRELEVANT = {"output", "check", "overwrite", "overlay", "origins", "report", "lossless", "feather", "codec", "crf"}
"""Options that change how the result is written, but not the filled pixels at working size."""


def fingerprint(config: VideoConfig, inpainter: Inpainter, working_size: WorkingSize) -> dict[str, Any]:
    """Everything the filled pixels depend on, ready for JSON.

    Args:
        config: the options of the video.
        inpainter: the algorithm with its networks.
        working_size: the number of pixels to process (see :data:`~master_thesis.configs.video.WorkingSize`).
    """
    options = {name: value for name, value in vars(config).items() if name not in IRRELEVANT}
    algorithm_options = asdict(inpainter.options)
    return {
        "options": {**options, "object_ids": list(config.object_ids)},
        "video": files_digest(Path(config.video)),
        "mask": files_digest(Path(config.mask)),
        "algorithm": algorithm_options.pop("algorithm"),
        "algorithm_options": algorithm_options,
        "test_size": list(working_size) if isinstance(working_size, tuple) else working_size or "native",
        "device": inpainter.device.type,
        "precision": _precision(inpainter.device),
        "aligner": network_digest(inpainter.aligner),
        "chn": network_digest(inpainter.hallucinator),
    }


def _precision(device: torch.device) -> str:
    """The type in which networks compute."""
    cast = torch.is_autocast_enabled(device.type)
    return str(torch.get_autocast_dtype(device.type) if cast else torch.float32).removeprefix("torch.")


def files_digest(path: Path) -> str:
    """Digest of the names, sizes and times of a file or of the files in a folder."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    digest = hashlib.sha256()
    for file in files:
        if file.is_file():
            stat = file.stat()
            digest.update(f"{file.name} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def network_digest(network: object) -> str:
    """Class of a network and digest of its weights."""
    digest = hashlib.sha256()
    if isinstance(network, nn.Module):
        for name, tensor in network.state_dict().items():
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().flatten().contiguous().view(torch.uint8).numpy().tobytes())
    return f"{type(network).__name__} {digest.hexdigest()[:16]}"
