"""``export``: weights without the state of their training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from master_thesis.cli.options import CommandOptions
from master_thesis.configs.fields import argument, option
from master_thesis.errors import require
from master_thesis.runtime.atomic import refuse_overwrite


@dataclass(frozen=True, kw_only=True)
class ExportOptions(CommandOptions):
    """Write the network of a checkpoint as safetensors in half precision."""

    NAME = "export"
    COMMON = ("checkpoint", "file", "overwrite", "config")

    checkpoint: str = argument("CKPT", "checkpoint of a training")
    file: str = argument("FILE", "new .safetensors file; read like a checkpoint by the other commands")
    overwrite: bool = option(False, "replace an existing file")

    def __post_init__(self) -> None:
        is_named = self.file.endswith(".safetensors")
        require(is_named, f"FILE should be a .safetensors file, got {self.file}")


def export(options: ExportOptions) -> None:
    """Writes the network of a checkpoint."""
    from master_thesis.checkpoints.loading import export_network

    checkpoint, target = Path(options.checkpoint), Path(options.file)
    is_input = target.exists() and checkpoint.exists() and target.samefile(checkpoint)
    require(not is_input, f"{target} is an input and is never overwritten")
    refuse_overwrite("", [target], options.overwrite)
    export_network(checkpoint, target)
    print(f"weights: {options.file}")
