"""``sample-data``: the built-in data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from master_thesis.cli.flags import part
from master_thesis.cli.options import CommandOptions
from master_thesis.configs.data import DataConfig
from master_thesis.configs.fields import argument, option
from master_thesis.runtime.atomic import refuse_overwrite


@dataclass(frozen=True, kw_only=True)
class SampleDataOptions(CommandOptions):
    """Write a small built-in data set to train and test with."""

    NAME = "sample-data"
    COMMON = ("folder", "overwrite", "seed", "config")

    folder: str = argument("FOLDER", "new folder; --data_path of the other commands")
    overwrite: bool = option(False, "replace existing data")
    data: DataConfig = part(DataConfig(), only=("seed",))


def sample_data(options: SampleDataOptions) -> None:
    """Writes the built-in data."""
    from master_thesis.data.builtin.sample import MARKER, write_sample_data

    refuse_overwrite("", [Path(options.folder) / MARKER], options.overwrite)
    write_sample_data(options.folder, options.data.seed)
    print(f"built-in data: {options.folder} (use it with --data_path {options.folder})")
