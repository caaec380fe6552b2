"""Fields of the option records: a default together with its help and its bounds."""

from __future__ import annotations

import argparse
import math
from dataclasses import field, fields
from typing import Any

from master_thesis.errors import require

MAX_WIDENING = 1000
"""Largest number of pixels by which masks are widened; the work grows with it."""


def option(default: Any, help: str, **metadata: Any) -> Any:
    """A dataclass field that is an option ``--name``.

    Args:
        default: value without the option.
        help: its line in ``--help``.
        metadata: ``within``, the bounds (every whole number has them); ``otherwise``, what None will become (shown as
            the default); ``none``, a word that stands for None; ``auto``, another word that is a value;
            ``is_repeatable``, whether an option that is given again adds to its values; all else (``choices``,
            ``metavar`` ...) is argparse's.
    """
    return field(default=default, metadata={"help": help, **metadata})


def argument(name: str, help: str) -> Any:
    """A dataclass field that is a required word of the command, without a flag.

    Args:
        name: its name in the usage line, e.g. ``VIDEO``.
        help: its line in ``--help``.
    """
    return field(metadata={"help": help, "metavar": name, "is_positional": True})


def required(help: str, **metadata: Any) -> Any:
    """A dataclass field that is a required option ``--name`` (arguments: see :func:`option`)."""
    return field(metadata={"help": help, **metadata})


def resolved(config: Any) -> dict[str, Any]:
    """The values of a record; None becomes what the field says it will be ``otherwise``."""
    values = {f.name: (getattr(config, f.name), f.metadata.get("otherwise")) for f in fields(config)}
    return {name: otherwise if value is None else value for name, (value, otherwise) in values.items()}


def check_bounds(config: Any) -> None:
    """Raises :class:`UserError` if an option is not ``within`` its bounds."""
    for f in fields(config):
        value = getattr(config, f.name)
        if "within" not in f.metadata or value is None or isinstance(value, str):  # a word stands for numbers
            continue
        (low, high), values = f.metadata["within"], value if isinstance(value, tuple) else (value,)
        sides = (("least", low, all(v >= low for v in values)), ("most", high, all(v <= high for v in values)))
        for side, bound, is_fine in sides:
            shown, given = " ".join([str(bound)] * len(values)), " ".join(map(str, values))
            require(is_fine, f"--{f.name} should be at {side} {shown}, got {given}")


def parse_bool(text: str) -> bool:
    """Parses ``true`` or ``false`` (also yes/no, on/off, 1/0), in any case."""
    values = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    if text.lower() not in values:
        raise argparse.ArgumentTypeError(f"should be true or false, got {text!r}")
    return values[text.lower()]


def parse_int(text: str) -> int:
    """Parses a whole number."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"should be a whole number, got {text!r}") from None


def parse_float(text: str) -> float:
    """Parses a number that is neither infinite nor nan."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"should be a number, got {text!r}")
    return value
