"""YAML files with options by name: ``--config`` reads one, and every run writes the one that repeats it."""

from __future__ import annotations

import logging
import platform
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from master_thesis.cli.arguments import Parser, make_parser, parse_flags
from master_thesis.cli.flags import Flag, flags_of, values_of
from master_thesis.cli.options import CommandOptions
from master_thesis.errors import UserError, require
from master_thesis.runtime.atomic import atomic_path
from master_thesis.runtime.versions import installed_version

log = logging.getLogger(__name__)

CONFIG = "config.yaml"
PACKAGES = (
    "master_thesis",
    "torch",
    "torchvision",
    "pytorch-lightning",
    "torchmetrics",
    "numpy",
    "opencv-python-headless",
)


class _WordLoader(yaml.SafeLoader):
    """Reads every value but null as a text: options parse their values themselves."""

    yaml_implicit_resolvers = {  # noqa: RUF012 (PyYAML's name)
        first: [(tag, pattern) for tag, pattern in resolvers if tag == "tag:yaml.org,2002:null"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def read_config(path: str, options: type[CommandOptions]) -> dict[str, Any]:
    """The values that a file gives to the options of a sub-command.

    Raises:
        UserError: the file is missing or not YAML, an option is unknown, or a value has the wrong type.
    """
    values: dict[str, Any] = {}
    parser, flags = make_parser(options), flags_of(options)
    try:
        for name, value in _read_mapping(path).items():
            require(name != "config", "--config should not be given in a file")
            values |= _read_value(str(name), value, parser, flags.get(name), options.NAME)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    return values


def _read_mapping(path: str) -> Mapping[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            content = yaml.load(file, _WordLoader)
    except OSError as error:
        raise UserError(f"cannot be read ({str(error.strerror).lower()})") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise UserError(f"should be YAML with one option a line: {' '.join(str(error).split())[:200]}") from None
    content = {} if content is None else content
    require(isinstance(content, Mapping), "should be YAML with one option a line, like batch_size: 8")
    return content


def _read_value(name: str, value: Any, parser: Parser, flag: Flag | None, owner: str) -> dict[str, Any]:
    """The value of an option, parsed as on the command line."""
    if value is None:
        value = flag.field.metadata.get("none") if flag else "none"
    if value is None:
        return {}
    if value == [] and flag and isinstance(flag.default, tuple):
        return {name: ()}
    words, shown = value if isinstance(value, list) else [value], flag.shown if flag else f"--{name}"
    is_text = all(isinstance(word, str) for word in words)
    require(is_text, f"{shown} should be a value or a list of values, got {value}")
    if flag and flag.is_positional:
        values, rest = {name: words[0]}, words[1:]
    else:
        typed = [f"--{name}={value}"] if isinstance(value, str) else [f"--{name}", *words]
        values, rest = parse_flags(parser, typed, owner)
    require(not rest, f"{shown} should be one value, got {' '.join(words)}")
    return values


def config_text(options: CommandOptions) -> str:
    """The content of a file that repeats a run: its options, after comments on how it was started."""
    versions = [f"python {platform.python_version()}", *(f"{name} {installed_version(name)}" for name in PACKAGES)]
    comments = [
        f"repeat with: master_thesis {options.NAME} --config FILE",
        f"command: {shlex.join(sys.orig_argv)}",
        f"versions: {', '.join(versions)}",
    ]
    flags = flags_of(type(options))
    values = {name: _plain(v) for name, v in values_of(options).items() if _is_needed(v, flags.get(name))}
    values.pop("config", None)
    body = yaml.safe_dump(values, sort_keys=False, default_flow_style=None, allow_unicode=True, width=10**6)
    return "".join(f"# {_printable(line)}\n" for line in comments) + body


def write_config(path: Path, options: CommandOptions, overwrite: bool = False) -> None:
    """Writes the file that repeats a run, unless it is the one that was read.

    Args:
        path: the file; its folder must exist.
        options: of the run.
        overwrite: whether to replace another file there.
    """
    if path.exists():
        is_read = options.config is not None and path.samefile(options.config)
        if not is_read and not overwrite:
            log.warning("%s exists already and is kept: --overwrite replaces it", path)
        if is_read or not overwrite:
            return
    with atomic_path(path) as part:
        part.write_text(config_text(options), encoding="utf-8")


def _is_needed(value: Any, flag: Flag | None) -> bool:
    """Whether a value is needed to repeat a run: without it, None and no values are the default of most options."""
    return flag is None or value not in (None, ()) or value != flag.default


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _printable(text: str) -> str:
    """A text in one line of a comment."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
