"""What sub-commands have in common: their base classes, and the records that ask the registry of networks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from master_thesis.cli.flags import trainer_part
from master_thesis.configs.fields import check_bounds, option
from master_thesis.configs.inpainting import ALGORITHMS, THESIS_ALGORITHMS
from master_thesis.configs.training import PRESETS
from master_thesis.errors import require
from master_thesis.models.registry import families, find_network


class NamesOrClass(tuple[str, ...]):
    """Choices of an option that also takes a class, ``package.module:Class``."""

    def __contains__(self, value: object) -> bool:
        return super().__contains__(value) or is_class(value)


def is_class(value: object) -> bool:
    """Whether a value has the form ``package.module:Class``.

    >>> is_class("my_package.my_module:MyAligner"), is_class("opencv")
    (True, False)
    """
    return isinstance(value, str) and re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", value) is not None


ALIGNERS = NamesOrClass(families(is_aligner=True))
HALLUCINATORS = families(is_aligner=False)
PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")
PRECISION_ALIASES = {"32": "32-true", "bf16": "bf16-mixed", "16": "16-mixed"}
"""Lightning's short names of them."""
ONE_ALIGNER = f"{', '.join(ALIGNERS[:-1])} or {ALIGNERS[-1]}"


@dataclass(frozen=True, kw_only=True)
class CommandOptions:
    """Options of every sub-command.

    Attributes:
        NAME: the words of the sub-command.
        COMMON: names of the options that its ``--help`` shows first.
    """

    NAME: ClassVar[str]
    COMMON: ClassVar[tuple[str, ...]]

    config: str | None = option(None, "read options from this YAML file; flags take precedence", metavar="FILE")


@dataclass(frozen=True, kw_only=True)
class NetworkCommandOptions(CommandOptions):
    """Options of every sub-command that runs networks.

    Attributes:
        trainer: arguments of Lightning's Trainer, only those that were given.
    """

    gpus: int | None = option(
        None, "number of GPUs to run on (--accelerator gpu --devices N)", metavar="N", within=(1, 1024)
    )
    trainer: Mapping[str, Any] = trainer_part()

    def __post_init__(self) -> None:
        check_bounds(self)
        for name in ("devices", "accelerator"):
            is_clear = self.gpus is None or name not in self.trainer
            require(is_clear, f"--gpus and --{name} both say where to run: leave out one of them")
        precision = str(self.trainer.get("precision") or PRECISIONS[0])
        is_working = PRECISION_ALIASES.get(precision, precision) in PRECISIONS
        words = f"{', '.join(PRECISIONS[:-1])} or {PRECISIONS[-1]}, as weights stay in single precision"
        require(is_working, f"--precision should be {words}, got {precision}")
        steps = self.trainer.get("accumulate_grad_batches", 1)
        require(steps >= 1, f"--accumulate_grad_batches should be at least 1, got {steps}")


@dataclass(frozen=True)
class AlgorithmChoice:
    """The algorithms that fill sequences."""

    algorithms: tuple[str, ...] = option(
        THESIS_ALGORITHMS,
        ", ".join(f"{name}: {words}" for name, words in ALGORITHMS.items()),
        choices=tuple(ALGORITHMS),
    )

    def __post_init__(self) -> None:
        names = self.algorithms
        require(len(names) > 0, f"--algorithms should name at least one of {', '.join(ALGORITHMS)}")
        require(len(set(names)) == len(names), f"--algorithms should name each once, got {' '.join(names)}")


@dataclass(frozen=True)
class AlignerChoice:
    """The aligner below CHN."""

    chn_aligner: str | None = option(
        None,
        "aligner of CHN; opencv has no weights, none copies nothing; or your own class, MODULE:CLASS",
        choices=ALIGNERS,
    )
    chn_aligner_checkpoint: str | None = option(None, "checkpoint of that aligner", metavar="FILE")

    def __post_init__(self) -> None:
        name = self.chn_aligner
        is_used = name is None or is_class(name) or find_network(name).has_weights or not self.chn_aligner_checkpoint
        require(is_used, f"--chn_aligner {name} has no weights: leave out --chn_aligner_checkpoint")

    def require_named(self) -> None:
        """Raises :class:`UserError` unless an aligner is named."""
        require(self.chn_aligner is not None, f"--chn_aligner should name the aligner of CHN: {ONE_ALIGNER}")

    def require_weights(self) -> None:
        """Raises :class:`UserError` unless the named aligner has its weights."""
        name = str(self.chn_aligner)
        has_weights = bool(self.chn_aligner_checkpoint) or is_class(name) or not find_network(name).has_weights
        require(has_weights, f"--chn_aligner {name} needs --chn_aligner_checkpoint: which one to use")


@dataclass(frozen=True)
class NetworkChoice(AlignerChoice):
    """The CHN and the aligner that fill sequences; without a checkpoint, those that the package ships."""

    test_checkpoint: str | None = option(None, "checkpoint of CHN, instead of the shipped one", metavar="FILE")
    preset: str = option("thesis", "small: the shipped networks where none are named", choices=PRESETS)
    hallucinator: str | None = option(
        None, "a class of your own instead of CHN; --test_checkpoint then holds its weights", metavar="MODULE:CLASS"
    )
    hallucinate: str | None = option(
        None,
        "what paints pixels that no frame shows: chn; exemplar: patches of the surroundings, sharp (package "
        "pypatchmatch); smooth: a membrane",
        choices=HALLUCINATORS,
        otherwise="chn; for removals by ip or pm, exemplar if it is installed and no network is named",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        own = self.hallucinator
        require(own is None or is_class(own), f"--hallucinator should be PACKAGE.MODULE:CLASS, got {own}")
        for flag, value in (("--test_checkpoint", self.test_checkpoint), ("--hallucinator", own)):
            is_used = value is None or self.hallucinate in (None, "chn")
            require(is_used, f"--hallucinate {self.hallucinate} paints without a network: leave out {flag}")
        if not self.is_small or self.chn_aligner_checkpoint:
            self.require_named()

    @property
    def is_small(self) -> bool:
        """Whether the shipped networks of the small preset stand in for those that are not named."""
        return self.preset == "small" or not self.test_checkpoint or self.hallucinator is not None

    @property
    def kind(self) -> str:
        """The kind of CHN, a key of ``registry.NETWORKS``."""
        return find_network("chn", "small" if self.is_small else "thesis").kind
