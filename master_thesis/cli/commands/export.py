"""``export``: weights without the state of their training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from master_thesis.cli.options import CommandOptions
from master_thesis.configs.fields import argument, check_bounds, option
from master_thesis.errors import require
from master_thesis.runtime.atomic import refuse_overwrite

SUFFIXES = {"safetensors": ".safetensors", "onnx": ".onnx", "torch": ".pt2"}


@dataclass(frozen=True, kw_only=True)
class ExportOptions(CommandOptions):
    """Write the network of a checkpoint: its weights, or a program."""

    NAME = "export"
    COMMON = ("checkpoint", "file", "format", "size", "overwrite", "config")

    checkpoint: str = argument("CKPT", "checkpoint of a training")
    file: str = argument("FILE", "new file: .safetensors (read like a checkpoint by the other commands), .onnx or .pt2")
    format: str = option(
        "safetensors",
        "safetensors: weights; onnx, torch: a program for one target and one reference",
        choices=tuple(SUFFIXES),
    )
    size: tuple[int, int] = option(
        (240, 480), "height and width of the frames of a program", metavar=("H", "W"), within=(16, 8192)
    )
    overwrite: bool = option(False, "replace an existing file")

    def __post_init__(self) -> None:
        suffix = SUFFIXES[self.format]
        is_named = self.file.endswith(suffix)
        require(is_named, f"FILE should be a {suffix} file for --format {self.format}, got {self.file}")
        check_bounds(self)


def export(options: ExportOptions) -> None:
    """Writes the network of a checkpoint."""
    from master_thesis.checkpoints.loading import export_network
    from master_thesis.checkpoints.programs import export_program

    checkpoint, target = Path(options.checkpoint), Path(options.file)
    is_input = target.exists() and checkpoint.exists() and target.samefile(checkpoint)
    require(not is_input, f"{target} is an input and is never overwritten")
    refuse_overwrite("", [target], options.overwrite)
    require(target.absolute().parent.is_dir(), f"{target}: there is no folder {target.parent}")
    if options.format == "safetensors":
        export_network(checkpoint, target)
        print(f"weights: {options.file}")
        return
    export_program(checkpoint, target, options.format, options.size)
    print(f"program: {options.file}")
