"""The commands and options in the documents exist."""

import re
import shlex
from pathlib import Path

import pytest

from master_thesis.cli.commands import COMMANDS
from master_thesis.cli.flags import flags_of, trainer_options_of
from master_thesis.cli.parsing import parse_command

ROOT = Path(__file__).parents[1]
DOCUMENTS = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "master_thesis" / "weights" / "README.md",
]
FOLDERS = ("benchmarks.quality", "benchmarks.speed", "stress", "scripts")
FLAT = {"--chn", "--test", "--video", "--evaluate", "--export", "--sample_data"}
FOREIGN = {"--help", "--version", "--no-deps", "--nproc_per_node", "--ntasks", "--array", "--wrap"}
"""Options without a field, and those of other programs."""


def code_of(path: Path) -> list[str]:
    """The lines of blocks of code, and what stands in backticks elsewhere."""
    text = path.read_text(encoding="utf-8").replace(" \\\n", " ")
    fenced = re.compile(r"^```\w*\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
    lines = [line for block in fenced.findall(text) for line in block.splitlines()]
    return lines + [" ".join(words.split()) for words in re.findall(r"`([^`]+)`", fenced.sub("", text))]


CODE = [(path.name, words) for path in DOCUMENTS for words in code_of(path)]


def options_of(*paths: Path) -> set[str]:
    """The options that programs without a record of options declare."""
    return {option for path in paths for option in re.findall(r'"(--[a-z]\w*)"', path.read_text(encoding="utf-8"))}


def complete_commands() -> list[str]:
    """Commands of the package with all that they need, one for each choice of options; no file of options is there."""
    names, chosen = "|".join(COMMANDS), {}
    for match in [re.search(rf"(?:^|-m )master_thesis ((?:{names}) .+)", words) for _, words in CODE]:
        if match and match[1] not in COMMANDS and not re.search(r"\.\.\.|\[|--config", match[1]):
            words = match[1].replace("X Y W H", "1 1 9 9").replace("CKPT FILE", "a.ckpt b.safetensors")
            chosen[words.split()[0], *re.findall(r"--\w+", words)] = words
    return sorted(chosen.values())


def experiments() -> list[str]:
    found = [re.search(rf"python -m ((?:{'|'.join(FOLDERS)}) \w+.*)", words) for _, words in CODE]
    return sorted({match[1] for match in found if match})


def test_every_option_in_the_documents_exists():
    known = FLAT | FOREIGN
    for options in COMMANDS.values():
        known |= {f"--{name}" for name in [*flags_of(options), *(o.name for o in trainer_options_of(options))]}
    for folder in FOLDERS:
        known |= options_of(*(ROOT / folder.replace(".", "/")).glob("*.py"))
    named = {(name, option) for name, words in CODE for option in re.findall(r"(?<![\w-])--[a-z][\w-]*", words)}
    assert len(named) > 100
    assert sorted(each for each in named if each[1] not in known) == []


@pytest.mark.parametrize("words", complete_commands())
def test_commands_in_the_documents_are_accepted(words):
    parse_command(shlex.split(words, comments=True))


@pytest.mark.parametrize("words", experiments())
def test_experiments_in_the_documents_have_their_options(words):
    folder, name, *rest = shlex.split(words, comments=True)
    path = ROOT / folder.replace(".", "/") / f"{name}.py"
    assert {word for word in rest if word.startswith("--")} <= options_of(path)
