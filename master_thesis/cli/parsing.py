"""From the command line to the options of one sub-command, checked as far as possible without torch or Lightning."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from master_thesis.cli.arguments import Parser, flag_keywords, make_parser, nearest, parse_flags
from master_thesis.cli.commands import COMMANDS
from master_thesis.cli.flags import flags_of, read_options
from master_thesis.cli.help import help_of, overview, program, usage
from master_thesis.cli.legacy import is_flat, rewrite_flat
from master_thesis.cli.options import CommandOptions
from master_thesis.configs.fields import parse_bool
from master_thesis.errors import UserError, require

HELP = ("-h", "--help")


def parse_command(argv: Sequence[str]) -> CommandOptions:
    """Reads a command line.

    Raises:
        UserError: something is unknown, wrong, or in conflict.
        SystemExit: after help or version were shown.
    """
    for word in argv:  # no system accepts such a path
        require("\0" not in word, f"{word!r} contains a null character: leave it out")
    words = rewrite_flat(argv) if is_flat(argv) else list(argv)
    if words[0] in HELP:
        _show(overview(COMMANDS))
    if words[0] == "--version":
        from master_thesis.runtime.versions import installed_version

        _show(f"master_thesis {installed_version('master_thesis')}")
    options, rest = _find_command(words)
    if set(HELP).intersection(rest):
        _show(help_of(options, is_full=rest[-1] == "all"))
    given = parse_options(options, rest)
    return _build(options, _read_file(options, given), given)


def parse_options(options: type[CommandOptions], words: Sequence[str]) -> dict[str, Any]:
    """The values that words give to the options of a sub-command.

    Raises:
        UserError: an option is unknown, or a value has the wrong type.
    """
    parser, flags = make_parser(options), flags_of(options)
    positional = [flag for flag in flags.values() if flag.is_positional]
    words = _complete_switches(parser, words) if positional else words
    values, rest = parse_flags(parser, words, options.NAME, lambda flag: _where_known(flag, options))
    extra = rest[len(positional) :]
    require(not extra, f"unexpected {' '.join(extra)}: {usage(options)}")
    return values | {flag.name: word for flag, word in zip(positional, rest, strict=False)}


def _where_known(flag: str, options: type[CommandOptions]) -> str:
    """The remedy for a flag that a sub-command does not have."""
    others = [name for name, other in COMMANDS.items() if flag.removeprefix("--") in flag_keywords(other)]
    if others:
        return f", which is an option of {', '.join(others)}"
    return f" ({program()} {options.NAME} --help all lists the options)"


def _find_command(words: Sequence[str]) -> tuple[type[CommandOptions], list[str]]:
    """The sub-command that the first words name, and the words after them."""
    for num_words in (2, 1):
        name = " ".join(words[:num_words])
        if name in COMMANDS:
            return COMMANDS[name], list(words[num_words:])
    members = {name: options for name, options in COMMANDS.items() if name.startswith(f"{words[0]} ")}
    if members and set(HELP).intersection(words):
        _show(overview(members))
    if members and (len(words) == 1 or words[1].startswith("-")):
        raise UserError(f"{words[0]} needs a network: {program()} {' or '.join(members)}")
    raise UserError(_unknown_command(words))


def _unknown_command(words: Sequence[str]) -> str:
    for name in (words[0], " ".join(words[:2])):
        if hint := nearest(name, COMMANDS):
            return f"there is no command {name}{hint}"
    return f"there is no command {words[0]} ({program()} --help lists the commands)"


def _complete_switches(parser: Parser, words: Sequence[str]) -> list[str]:
    """Words in which no switch without a value takes the word after it for one: ``--overlay clip.mp4``."""
    switches = {flag for action in parser._actions if action.nargs == "?" for flag in action.option_strings}
    pairs = zip(words, [*words[1:], ""], strict=False)
    return [f"{word}=true" if word in switches and not _is_bool(after) else word for word, after in pairs]


def _read_file(options: type[CommandOptions], given: Mapping[str, Any]) -> dict[str, Any]:
    if "config" not in given:
        return {}
    from master_thesis.cli.config_file import read_config  # with PyYAML, which takes its time

    return read_config(given["config"], options)


def _build(options: type[CommandOptions], from_file: Mapping[str, Any], given: Mapping[str, Any]) -> CommandOptions:
    """The dataclass of a sub-command from the values of a file and of the command line, which wins."""
    values = {**from_file, **given}
    missing = [flag.shown for flag in flags_of(options).values() if flag.is_required and flag.name not in values]
    require(not missing, f"{options.NAME} needs {' and '.join(missing)}: {usage(options)}")
    try:
        return read_options(options, values)
    except UserError as error:
        named = set(re.findall(r"--(\w+)", str(error))) & (from_file.keys() - given.keys())
        if not named:
            raise
        raise UserError(f"{given['config']}: {error}") from None


def _is_bool(word: str) -> bool:
    try:
        parse_bool(word)
    except Exception:
        return False
    return True


def _show(text: str) -> None:
    print(text)
    sys.exit(0)
