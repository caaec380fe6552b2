"""From words to values: the options of a sub-command as an argparse parser."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NoReturn, get_args

from master_thesis.cli.flags import Flag, flags_of, trainer_options_of
from master_thesis.configs.fields import parse_bool, parse_float, parse_int
from master_thesis.errors import UserError

READERS: dict[Any, Callable[[str], Any]] = {int: parse_int, float: parse_float, str: str}
METAVARS = {int: "N", float: "X"}


class Parser(argparse.ArgumentParser):
    """Knows no abbreviations, keeps what was given and nothing else, and reports mistakes as :class:`UserError`."""

    def __init__(self) -> None:
        super().__init__(add_help=False, allow_abbrev=False, argument_default=argparse.SUPPRESS)

    def error(self, message: str) -> NoReturn:
        """Raises what argparse would print."""
        raise UserError(re.sub(r"^argument (--\w+): ", r"\1: ", message))


def make_parser(options: type[Any]) -> Parser:
    """A parser of the flags of a sub-command; its positional words are left over."""
    return parser_of(flag_keywords(options))


def parser_of(flags: Mapping[str, dict[str, Any]]) -> Parser:
    """A parser of flags, given by their names and the keywords that argparse takes."""
    parser = Parser()
    for name, keywords in flags.items():
        parser.add_argument(f"--{name}", **keywords)
    return parser


def flag_keywords(options: type[Any]) -> dict[str, dict[str, Any]]:
    """The keywords of argparse for every flag of a sub-command."""
    flags = {name: keywords_of(flag) for name, flag in flags_of(options).items() if not flag.is_positional}
    return flags | {option.name: option.keywords() for option in trainer_options_of(options)}


def parse_flags(
    parser: Parser, words: Sequence[str], owner: str, remedy: Callable[[str], str] = lambda flag: ""
) -> tuple[dict[str, Any], list[str]]:
    """Reads flags; an unknown one is answered with the most similar known one.

    Args:
        parser: knows the flags.
        words: the command line.
        owner: what has these flags, for messages.
        remedy: what to do about a flag that resembles none of these, for messages.

    Returns:
        The values that were given, and the words that belong to no flag.
    """
    namespace, rest = parser.parse_known_args(list(words))
    end = rest.index("--") if "--" in rest else len(rest)
    unknown = [word for word in rest[:end] if word.startswith("-") and not _is_number(word)]
    if unknown:
        known = [flag for action in parser._actions for flag in action.option_strings]
        flag = unknown[0].partition("=")[0]
        raise UserError(f"{owner} has no option {flag}{nearest(flag, known) or remedy(flag)}")
    return values_in(namespace), rest[:end] + rest[end + 1 :]


def values_in(namespace: argparse.Namespace) -> dict[str, Any]:
    """The values that were given; several values of one option as a tuple, as in the option records."""
    return {name: tuple(v) if isinstance(v, list) else v for name, v in vars(namespace).items()}


def nearest(word: str, known: Iterable[str]) -> str:
    """The question after a misspelt word; empty where nothing is similar.

    >>> nearest("--masks", ["--mask", "--output"])
    '; do you mean --mask?'
    """
    similar = difflib.get_close_matches(word, list(known), n=1, cutoff=0.8)
    return f"; do you mean {similar[0]}?" if similar else ""


def keywords_of(flag: Flag) -> dict[str, Any]:
    """The keywords of argparse for a flag."""
    metadata, hint = flag.field.metadata, _without_none(flag.hint)
    keywords = {key: metadata[key] for key in ("choices", "metavar") if key in metadata}
    elements = get_args(hint)
    if hint is bool:
        return {"type": parse_bool, "nargs": "?", "const": True, "metavar": "true|false"}
    if "none" in metadata:
        return keywords | {"action": SizeAction, "nargs": "+", "const": metadata.get("auto")}
    if elements:
        nargs = "+" if elements[-1] is Ellipsis else len(elements)
        action = {"action": "extend"} if metadata.get("is_repeatable") else {}
        return keywords | {"type": READERS[elements[0]], "nargs": nargs} | action
    return {"metavar": METAVARS.get(hint)} | keywords | {"type": READERS[hint]}


class SizeAction(argparse.Action):
    """Reads a height and a width, or a word: ``native``, which stands for None, or ``const`` if there is one."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        """Called by argparse with the words behind the option."""
        words = {"native": None} | ({} if self.const is None else {self.const: self.const})
        if len(values) == 1 and values[0] in words:
            setattr(namespace, self.dest, words[values[0]])
            return
        try:
            height, width = map(int, values)
        except ValueError:
            or_auto = "," if self.const is None else f", {self.const}"
            parser.error(f"{option_string} should be a height and a width{or_auto} or native; got {' '.join(values)}")
        setattr(namespace, self.dest, (height, width))


def _without_none(hint: Any) -> Any:
    """The type of an option that is not None."""
    others = [a for a in get_args(hint) if a is not type(None)]
    return others[0] if type(None) in get_args(hint) else hint


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
