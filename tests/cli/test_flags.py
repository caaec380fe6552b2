"""The bridge from a dataclass to flags and back."""

from dataclasses import dataclass

import pytest

from master_thesis.cli.arguments import make_parser, nearest, parse_flags
from master_thesis.cli.flags import flags_of, part, read_options, trainer_part, values_of
from master_thesis.cli.help import help_of
from master_thesis.configs.fields import argument, option, required
from master_thesis.errors import UserError


@dataclass(frozen=True)
class Record:
    """Steps and shares."""

    steps: tuple[float, float] = option((1.0, 0.25), "how far", metavar=("A", "B"))
    names: tuple[str, ...] = option((), "which", choices=("x", "y"))
    share: float = option(50.0, "how much, in %")
    is_on: bool = option(True, "whether")


@dataclass(frozen=True, kw_only=True)
class Options:
    """Does something."""

    NAME = "do"
    COMMON = ("place", "workers", "max_epochs")

    place: str = argument("PLACE", "where")
    file: str = required("from what", metavar="FILE")
    record: Record = part(Record(share=20.0), without=("is_on",))
    fixed: Record = part(Record(), only=("is_on",))
    workers: int = option(0, "how many")
    size: int | None = option(None, "how large", otherwise=64)
    area: tuple[int, int] | None = option((2, 3), "where", metavar="H W|native", none="native")
    trainer: dict = trainer_part("max_epochs", "precision")


def parse(words):
    return parse_flags(make_parser(Options), words.split(), "do")


def read(words):
    values, rest = parse(words)
    return read_options(Options, {"file": "f"} | values | dict(zip(["place"], rest, strict=False)))


def test_only_given_values_are_read_and_the_others_are_those_of_the_sub_command():
    assert parse("") == ({}, [])
    made = read("here")
    assert made == Options(place="here", file="f")
    assert (made.record.share, made.fixed.share, made.size, made.trainer) == (20.0, 50.0, None, {})


def test_types_are_those_of_the_fields():
    made = read("here --steps 2 0.5 --names y x --share 1 --is_on false --workers -1 --size 3 --max_epochs none")
    assert made.record == Record((2.0, 0.5), ("y", "x"), 1.0)
    assert isinstance(made.record.share, float)
    assert (made.fixed.is_on, made.workers, made.size, made.trainer) == (False, -1, 3, {"max_epochs": None})
    assert read("here --is_on").fixed.is_on is True


def test_values_are_the_reverse_of_reading():
    made = read("here --steps 2 0.5 --area native --precision 16")
    values = values_of(made)
    assert values["area"] is None
    assert values.keys() == {*flags_of(Options), "precision"}
    assert read_options(Options, values) == made


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--step 1 2", "do has no option --step; do you mean --steps?"),
        ("--share=1 --zzz=3", "do has no option --zzz"),
        ("--names z", "--names: invalid choice: 'z' (choose from 'x', 'y')"),
        ("--names", "--names: expected at least one argument"),
        ("--steps 1", "--steps: expected 2 arguments"),
        ("--workers many", "--workers: should be a whole number, got 'many'"),
        ("--max_steps 3", "do has no option --max_steps"),
        ("--area large", "--area should be a height and a width, or native; got large"),
        ("--area 32", "--area should be a height and a width, or native; got 32"),
        ("--area 32 48 3", "--area should be a height and a width, or native; got 32 48 3"),
    ],
)
def test_mistakes_name_the_flag(words, message):
    with pytest.raises(UserError) as error:
        parse(words)
    assert str(error.value) == message


def test_words_after_two_dashes_are_no_flags():
    assert parse("a --share 1 -- --b -c") == ({"share": 1.0}, ["a", "--b", "-c"])


def test_nothing_is_guessed_where_nothing_is_similar():
    assert nearest("--zzz", ["--mask"]) == ""


def test_help_shows_percent_signs_and_defaults_as_one_would_type_them():
    shown = help_of(Options, is_full=True)
    for line in (
        "  PLACE                         where",
        "  --file FILE                   from what",
        "  --steps A B                   how far (default: 1 0.25)",
        "  --names {x,y} ...             which",
        "  --share X                     how much, in % (default: 20)",
        "  --is_on true|false            whether (default: true)",
        "  --workers N                   how many (default: 0)",
        "  --size N                      how large (default: 64)",
        "  --area H W|native             where (default: 2 3)",
    ):
        assert line in shown.splitlines()
    assert shown.startswith("usage: python -m master_thesis do PLACE --file FILE [options]\n\nDoes something.\n")


def test_help_shows_the_common_options_first_and_counts_the_others():
    short, full = help_of(Options).splitlines(), help_of(Options, is_full=True).splitlines()
    assert [line.split()[0] for line in short[5:8]] == ["PLACE", "--workers", "--max_epochs"]
    assert short[-1] == "8 more options: python -m master_thesis do --help all"
    assert full[:8] == short[:8]
    headings = [line for line in full if line.endswith(":")]
    assert headings == [
        *("Common options:", "Options of the command:", "Steps and shares:", "Arguments of Lightning's Trainer:")
    ]
