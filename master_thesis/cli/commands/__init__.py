"""The sub-commands: one frozen dataclass with its own defaults and one function each.

The dataclasses are built before torch is imported, so the functions import what they need.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from master_thesis.cli.commands.app import AppOptions, app
from master_thesis.cli.commands.evaluate import EvaluateOptions, evaluate
from master_thesis.cli.commands.export import ExportOptions, export
from master_thesis.cli.commands.mask import MaskOptions, mask
from master_thesis.cli.commands.remove import RemoveOptions, remove
from master_thesis.cli.commands.sample_data import SampleDataOptions, sample_data
from master_thesis.cli.commands.test import CHNTestOptions, DFPNTestOptions, test_chn, test_dfpn
from master_thesis.cli.commands.train import CHNTrainingOptions, DFPNTrainingOptions, train_chn, train_dfpn
from master_thesis.cli.options import CommandOptions

FUNCTIONS: Mapping[type[CommandOptions], Callable[[Any], None]] = {
    RemoveOptions: remove,
    MaskOptions: mask,
    AppOptions: app,
    EvaluateOptions: evaluate,
    DFPNTestOptions: test_dfpn,
    CHNTestOptions: test_chn,
    DFPNTrainingOptions: train_dfpn,
    CHNTrainingOptions: train_chn,
    ExportOptions: export,
    SampleDataOptions: sample_data,
}
COMMANDS: Mapping[str, type[CommandOptions]] = {options.NAME: options for options in FUNCTIONS}
"""The dataclass of each sub-command by its words."""


def run(options: CommandOptions) -> None:
    """Runs the sub-command of these options.

    Raises:
        UserError: the options, files or data do not allow it; nothing is written then.
    """
    FUNCTIONS[type(options)](options)
