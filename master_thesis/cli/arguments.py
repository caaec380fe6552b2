"""The bridge from option records to argparse."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, fields
from typing import Any, TypeVar, get_args, get_type_hints

from master_thesis.configs.fields import finite, parse_bool

T = TypeVar("T")


def add_options(parser: argparse.ArgumentParser, config: type, title: str) -> None:
    """Adds one ``--name`` per field of a dataclass made of :func:`option` fields."""
    group = parser.add_argument_group(title)
    hints = get_type_hints(config)
    for f in fields(config):
        if "said_by" in f.metadata:  # another option sets it
            continue
        group.add_argument(f"--{f.name}", **_argument(f, hints[f.name]))


def _argument(f: Field[Any], hint: Any) -> dict[str, Any]:
    """Argparse keywords of one field."""
    args = get_args(hint)
    keywords = {k: v for k, v in f.metadata.items() if k not in ("help", "within")}
    keywords |= {"default": None if f.default is MISSING else f.default, "help": _help(f)}
    if hint is bool:
        return keywords | {"type": parse_bool, "nargs": "?", "const": True, "metavar": "true|false"}
    if args and type(None) in args:
        return keywords | {"type": _reader(next(a for a in args if a is not type(None)))}
    if "action" in keywords:
        return keywords
    if args:
        is_open = len(args) == 2 and args[1] is Ellipsis
        return keywords | {"type": _reader(args[0]), "nargs": "+" if is_open else len(args)}
    return keywords | {"type": _reader(hint)}


def _reader(hint: type) -> Callable[[str], Any]:
    return finite if hint is float else hint


def _help(f: Field[Any]) -> str:
    text = str(f.metadata["help"]).replace("%", "%%")
    if f.default is None or f.default is False or f.default == ():
        return text
    values = f.default if isinstance(f.default, tuple) else (f.default,)
    return f"{text} (default: {' '.join(map(_shown, values))})"


def _shown(value: Any) -> str:
    """A value as one would type it."""
    return f"{value:g}" if isinstance(value, float) else str(value).lower() if value is True else str(value)


def from_namespace(config: type[T], namespace: argparse.Namespace, **overrides: Any) -> T:
    """Builds a config from parsed arguments; ``overrides`` win."""
    values: dict[str, Any] = {}
    for f in fields(config):  # type: ignore[arg-type]
        value = getattr(namespace, f.name, f.default)
        values[f.name] = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
    return config(**(values | overrides))
