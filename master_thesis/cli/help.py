"""What ``--help`` shows: the sub-commands on one screen, and the options of one of them, the common ones first."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from master_thesis.cli.arguments import keywords_of
from master_thesis.cli.flags import Flag, flags_of, trainer_options_of
from master_thesis.cli.trainer_arguments import TrainerOption

WIDTH, INDENT = 100, 32
"""Columns of a line, and of the options to the left of the explanations."""
LIGHTNING = "Arguments of Lightning's Trainer"
Row = tuple[str, str]
"""An option, and what it does."""


def program() -> str:
    """How this program was called."""
    return "master_thesis" if Path(sys.argv[0]).stem == "master_thesis" else "python -m master_thesis"


def overview(commands: Mapping[str, type[Any]]) -> str:
    """The sub-commands, one line each.

    Args:
        commands: their dataclasses by name.
    """
    rows = [(" ".join([name, *_needed(options)]), _summary(options)) for name, options in commands.items()]
    return "\n".join(
        [
            f"usage: {program()} COMMAND [options]\n",
            "Temporal copying and local hallucination for video inpainting.\n",
            *section("Commands", rows),
            f"\nOptions of a command: {program()} COMMAND --help. Version: --version.",
        ]
    )


def usage(options: type[Any]) -> str:
    """The usage line of a sub-command: the words that it needs."""
    return " ".join([program(), options.NAME, *_needed(options), "[options]"])


def help_of(options: type[Any], is_full: bool = False) -> str:
    """The options of a sub-command.

    Args:
        options: its dataclass.
        is_full: whether to show all of them, or the common ones only.
    """
    lines = [f"usage: {usage(options)}\n", f"{_summary(options)}\n"]
    sections = _sections(options)
    common = [row for name in options.COMMON for row in [_find(sections, name)] if row]
    lines += section("Common options", common)
    rest = {title: [r for r in rows.values() if r not in common] for title, rows in sections.items()}
    if is_full:
        lines += [line for title, rows in rest.items() if rows for line in ("", *section(title, rows))]
    elif num_more := sum(map(len, rest.values())):
        lines.append(f"\n{num_more} more options: {program()} {options.NAME} --help all")
    return "\n".join(lines)


def section(title: str, rows: Iterable[Row]) -> list[str]:
    """Lines with a heading: options on the left, what they do on the right."""
    lines = [f"{title}:"]
    for left, text in rows:
        wrapped = textwrap.wrap(text, WIDTH - INDENT, break_on_hyphens=False) or [""]
        is_long = len(left) + 4 > INDENT
        lines += [f"  {left}"] if is_long else []
        start = "" if is_long else f"  {left}"
        lines += [f"{start:{INDENT}}{wrapped[0]}", *(" " * INDENT + line for line in wrapped[1:])]
    return lines


def _sections(options: type[Any]) -> dict[str, dict[str, Row]]:
    """The options by heading and name."""
    found: dict[str, dict[str, Row]] = {}
    for flag in flags_of(options).values():
        found.setdefault(flag.title, {})[flag.name] = _row_of_flag(flag)
    trainer = trainer_options_of(options)
    return found | {LIGHTNING: {o.name: _row_of_trainer(o, o.name in options.COMMON) for o in trainer}}


def _find(sections: Mapping[str, Mapping[str, Row]], name: str) -> Row | None:
    return next((rows[name] for rows in sections.values() if name in rows), None)


def _row_of_flag(flag: Flag) -> Row:
    text = str(flag.field.metadata["help"])
    default = flag.field.metadata.get("otherwise") if flag.default is None else flag.default
    is_silent = flag.is_required or default is None or default is False or default in ((), "")
    return _left(flag), text if is_silent else f"{text} (default: {typed(default)})"


def _row_of_trainer(option: TrainerOption, is_common: bool) -> Row:
    """A row of Lightning's own words, of which the first sentence is enough among the common options."""
    text = option.help.partition(". ")[0] if is_common else option.help
    return f"--{option.name} VALUE", text


def _left(flag: Flag) -> str:
    if flag.is_positional or flag.default is False:
        return flag.shown
    keywords = keywords_of(flag)
    metavar = keywords.get("metavar") or f"{{{','.join(keywords.get('choices', ()))}}}"
    metavar = " ".join(metavar) if isinstance(metavar, tuple) else metavar
    is_list = keywords.get("nargs") == "+" and keywords.get("action") in (None, "extend")
    return f"{flag.shown} {metavar}{' ...' if is_list else ''}"


def typed(value: Any) -> str:
    """A value as one would type it."""
    if isinstance(value, tuple):
        return " ".join(map(typed, value))
    return f"{value:g}" if isinstance(value, float) else str(value).lower() if isinstance(value, bool) else str(value)


def _needed(options: type[Any]) -> list[str]:
    needed = [flag for flag in flags_of(options).values() if flag.is_required]
    return [flag.shown if flag.is_positional else _left(flag) for flag in needed]


def _summary(options: type[Any]) -> str:
    return str(options.__doc__).partition("\n")[0]
