"""Fields of the option records: a default with its help and its bounds beside it."""

from __future__ import annotations

import argparse
import math
from dataclasses import field, fields
from typing import Any

from master_thesis.errors import require

MAX_WIDENING = 1000
"""Pixels by which masks are widened at most; work grows with it."""


def option(default: Any, help: str, **metadata: Any) -> Any:
    """A dataclass field with its help text.

    Args:
        default: its value where nothing is said.
        help: what ``--help`` says of it.
        metadata: ``within``, its bounds (every whole number has them), or ``said_by``, the other option that sets it;
            all else (``choices``, ``metavar`` ...) goes on to argparse.
    """
    return field(default=default, metadata={"help": help, **metadata})


def check_bounds(config: Any) -> None:
    """Raises :class:`UserError` where an option does not lie ``within`` its bounds."""
    for f in fields(config):
        value = getattr(config, f.name)
        if "within" not in f.metadata or value is None:
            continue
        (low, high), values = f.metadata["within"], value if isinstance(value, tuple) else (value,)
        sides = (("least", low, all(v >= low for v in values)), ("most", high, all(v <= high for v in values)))
        for side, bound, is_fine in sides:
            shown, given = " ".join([str(bound)] * len(values)), " ".join(map(str, values))
            require(is_fine, f"--{f.name} should be at {side} {shown}, got {given}")


def parse_bool(text: str) -> bool:
    """``true`` or ``false`` (also yes/no, on/off, 1/0), in any case."""
    values = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    if text.lower() not in values:
        raise argparse.ArgumentTypeError(f"should be true or false, got {text!r}")
    return values[text.lower()]


def finite(text: str) -> float:
    """A number that is one: neither infinite nor nan."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"should be a number, got {text!r}")
    return value


class SizeAction(argparse.Action):
    """Height and width, or the word ``native``, which sets ``native_size``."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        """Called by argparse with what stands behind the option."""
        if list(values) == ["native"]:
            namespace.native_size = True
            return
        try:
            height, width = map(int, values)
        except ValueError:
            parser.error(f"{option_string} should be a height and a width, or native; got {' '.join(values)}")
        setattr(namespace, self.dest, (height, width))
