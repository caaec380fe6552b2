"""The published flat command lines, ``python -m master_thesis [--chn] [--test] ...``, as sub-commands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from master_thesis.cli.arguments import flag_keywords, parser_of, values_in
from master_thesis.cli.commands import COMMANDS
from master_thesis.cli.flags import check_parts
from master_thesis.configs.fields import parse_bool

SWITCH = {"type": parse_bool, "nargs": "?", "const": True, "default": False}
MODES: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("test", "chn", "evaluate"), SWITCH),
    **{name: {"default": None} for name in ("video", "export", "sample_data", "test_checkpoint")},
}
"""Flags that said what to do."""
DECISIVE = ("chn_aligner", "chn_aligner_checkpoint", "test_checkpoint", "ckpt_path", "init_from", "recompute")
"""Flags that were refused, not ignored, where they made no sense."""


def published_flags() -> dict[str, dict[str, Any]]:
    """All flags of the flat command with the keywords of argparse; of common names, the first sub-command's win."""
    flags = dict(MODES)
    for options in COMMANDS.values():
        flags = flag_keywords(options) | flags
    return flags


def is_flat(argv: Sequence[str]) -> bool:
    """Whether a command line names no sub-command: it is empty, or its first word is a flag."""
    return not argv or (argv[0].startswith("-") and argv[0] not in ("-h", "--help", "--version"))


def rewrite_flat(argv: Sequence[str]) -> list[str]:
    """Names the sub-command that does what a flat command line did.

    >>> rewrite_flat("--chn --test --video clip.mp4 --mask masks --output out.mp4".split())
    ['remove', 'clip.mp4', '--mask', 'masks', '--output', 'out.mp4']
    """
    mode, rest = parser_of(MODES).parse_known_args(list(argv))
    checkpoint = [] if mode.test_checkpoint is None else ["--test_checkpoint", mode.test_checkpoint]
    if mode.sample_data:
        return _rewritten("sample-data", [mode.sample_data], rest)
    if mode.export:
        return _rewritten("export", [mode.test_checkpoint, mode.export] if mode.test_checkpoint else [], rest)
    if mode.evaluate:
        return _rewritten("evaluate", [], [*checkpoint, *rest])
    if mode.video is not None or any(word.partition("=")[0] == "--mask" for word in rest):
        return _rewritten("remove", [] if mode.video is None else [mode.video], [*rest, *checkpoint])
    return _rewritten(f"{'test' if mode.test else 'train'} {'chn' if mode.chn else 'dfpn'}", [], [*checkpoint, *rest])


def _rewritten(command: str, positional: list[str], flags: list[str]) -> list[str]:
    """A sub-command without the flags that it does not have, which had no effect on it in the flat command."""
    kept = {*flag_keywords(COMMANDS[command]), *(() if command in ("export", "sample-data") else DECISIVE)}
    ignored = parser_of({name: keywords for name, keywords in published_flags().items() if name not in kept})
    namespace, rest = ignored.parse_known_args(flags)
    for options in COMMANDS.values():
        check_parts(options, values_in(namespace))
    is_odd = any(word.startswith("-") for word in positional)
    return [*command.split(), *rest, "--", *positional] if is_odd else [*command.split(), *positional, *rest]
