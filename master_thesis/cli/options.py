"""From the command line to one record of options, checked as far as it goes without torch or Lightning."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from master_thesis.cli.arguments import add_options, from_namespace
from master_thesis.cli.trainer_arguments import add_trainer_options, given_trainer_options
from master_thesis.configs.data import DataConfig
from master_thesis.configs.evaluation import EvaluationConfig
from master_thesis.configs.networks import CHNConfig, DFPNConfig, VGGConfig
from master_thesis.configs.training import CHNLossConfig, OptimConfig, RunConfig
from master_thesis.configs.video import VideoConfig
from master_thesis.errors import UserError, require

PROGRAM = "python -m master_thesis"
USAGE = f"{PROGRAM} [--chn --chn_aligner A] [--test --test_checkpoint FILE] [options]"
DESCRIPTION = """\
Temporal copying and local hallucination for video inpainting.
Without --chn it is about DFPN, with it about CHN; without --test it trains."""


@dataclass(frozen=True)
class Options:
    """Everything that was asked for.

    Attributes:
        run: what to do.
        data: where the data lies and how clips are made.
        optim: Adam and StepLR.
        vgg: the frozen VGG16.
        dfpn: sizes of a new DFPN.
        chn: sizes of a new CHN.
        chn_loss: CHN's loss.
        video: somebody's video to fill.
        evaluation: what to measure.
        trainer: arguments of Lightning's Trainer, only those that were given.
        given: names of all options that were given.
    """

    run: RunConfig
    data: DataConfig
    optim: OptimConfig
    vgg: VGGConfig
    dfpn: DFPNConfig
    chn: CHNConfig
    chn_loss: CHNLossConfig
    video: VideoConfig
    evaluation: EvaluationConfig
    trainer: dict[str, Any]
    given: frozenset[str]


GROUPS: dict[str, tuple[type, str]] = {
    "run": (RunConfig, "what to do"),
    "data": (DataConfig, "data"),
    "optim": (OptimConfig, "optimiser"),
    "vgg": (VGGConfig, "VGG16"),
    "dfpn": (DFPNConfig, "sizes of a new DFPN (a checkpoint carries its own)"),
    "chn": (CHNConfig, "sizes of a new CHN (a checkpoint carries its own)"),
    "chn_loss": (CHNLossConfig, "loss of CHN"),
    "video": (VideoConfig, "removing an object from a video (--chn --test --video)"),
    "evaluation": (EvaluationConfig, "measuring (--evaluate)"),
}
"""Field of :class:`Options`: its class, and the title of its options in ``--help``."""


class Parser(argparse.ArgumentParser):
    """Tells mistakes as :class:`UserError`, without printing the usage of a hundred options."""

    def error(self, message: str) -> NoReturn:
        """Raises what argparse would print."""
        raise UserError(re.sub(r"^argument (--\w+): ", r"\1: ", message))

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parses; an unknown option is answered with the most similar known one."""
        parsed, unknown = self.parse_known_args(args, namespace)
        if unknown:
            known = [flag for action in self._actions for flag in action.option_strings]
            similar = difflib.get_close_matches(unknown[0].partition("=")[0], known, n=1)
            hint = f"; do you mean {similar[0]}?" if similar else " (--help lists the options)"
            raise UserError(f"there is no option {unknown[0]}{hint}")
        return parsed


def make_parser() -> Parser:
    """A parser of all options."""
    formatter = argparse.RawDescriptionHelpFormatter
    parser = Parser(prog=PROGRAM, usage=USAGE, description=DESCRIPTION, allow_abbrev=False, formatter_class=formatter)
    for config, title in GROUPS.values():
        add_options(parser, config, title)
    add_trainer_options(parser)
    return parser


def parse_options(argv: Sequence[str]) -> Options:
    """Reads a command line.

    Raises:
        UserError: where something is unknown, wrong, or in conflict.
    """
    for word in argv:  # no system takes such a path
        require("\0" not in word, f"{word!r} holds a character of code 0: leave that out")
    namespace = make_parser().parse_args(list(argv))
    flags = {arg.partition("=")[0] for arg in argv if arg.startswith("--")}
    given = frozenset(name for name in vars(namespace) if f"--{name}" in flags)
    if namespace.evaluate or namespace.video is not None or namespace.mask is not None:
        _test_chn(namespace)
    configs: dict[str, Any] = {field: from_namespace(config, namespace) for field, (config, _) in GROUPS.items()}
    options = Options(**configs, trainer=given_trainer_options(namespace), given=given)
    _check_devices(options)
    return replace(options, data=_fit_data(options))


def _test_chn(namespace: argparse.Namespace) -> None:
    """Measuring methods and filling a video are tests of CHN; without a checkpoint, of the one that is shipped."""
    namespace.test = namespace.chn = True
    if not namespace.test_checkpoint:
        namespace.preset = "small"


def _check_devices(options: Options) -> None:
    for name in ("devices", "accelerator"):
        is_clear = options.run.gpus is None or name not in options.trainer
        require(is_clear, f"--gpus and --{name} both say where to run: leave out one of them")


def _fit_data(options: Options) -> DataConfig:
    """CHN is tested on whole sequences, whatever else was said."""
    if options.run.chn and options.run.test:
        return replace(options.data, frames_n=-1, batch_size=1)
    is_clip = options.data.frames_n > 0
    require(is_clip, "--frames_n -1 (whole sequences) is for --chn --test: it should be 2 or an odd number here")
    return options.data
