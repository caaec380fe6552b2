"""The cases of :mod:`stress.fuzz`: a spoiled file with its readers, or a spoiled command."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from master_thesis.cli.arguments import parser_of
from master_thesis.cli.legacy import published_flags
from master_thesis.errors import UserError
from master_thesis.images.codec import read_frame
from stress.commands import BEGIN, COMMANDS, END, run_here
from stress.mutations import spoiled_file
from stress.readers import READERS
from stress.world import World

KINDS = ("image", "video", "checkpoint", "cache", "arguments")
CYCLE = KINDS * 2 + ("image", "checkpoint")
"""The kinds of twelve cases in a row, repeated."""
WORDS = ("", "-1", "0", "1", "2", "3", "7", "64", "1000000000", "1" + "0" * 30, "nan", "inf", "-0.5", "0.5", "1e-30")
WORDS += ("1e308", "true", "false", "none", "last", "native", "ip", "cp", "small", "homography", "'", "ü", "a=b", "\0")
PLACES = ("{good}", "{good}/clip.mp4", "{good}/masks", "{good}/frames", "{good}/data", "{good}/dfpn.ckpt", "alpha")
PLACES += ("{good}/chn.safetensors", "{good}/cache.json", "{good}/plain.jpg", "nowhere", "a/b/c.mp4", ".", "made.mkv")
LEFT_OUT = ("--devices", "--num_nodes", "--strategy", "--gpus", "--overwrite", "--help", "-h", "--benchmark")
"""Options that start other processes, overwrite files, end at once, or change how the process computes."""


@dataclass(frozen=True)
class Case:
    """Something to try: a description, and a function that returns ``used`` or ``refused``."""

    what: str
    run: Callable[[], str]


def warm_up(world: World) -> None:
    """Triggers one-off initialisation, so that no case is blamed for it."""
    import matplotlib.pyplot  # noqa: F401 (builds its cache of fonts)

    from master_thesis.cli import commands  # noqa: F401

    read_frame(world.good / "plain.jpg")  # finds libturbojpeg by means of a temporary file


def kind_of(number: int) -> str:
    """Returns the kind of a case."""
    return CYCLE[number % len(CYCLE)]


def random_of(seed: int, number: int) -> random.Random:
    """Returns the source of randomness of a case."""
    return random.Random(f"{seed} {number}")


def make_case(world: World, number: int, rng: random.Random) -> Case:
    """Returns a case.

    Args:
        world: the good files.
        number: the number of the case.
        rng: the randomness of this case alone, see :func:`random_of`.
    """
    kind = kind_of(number)
    if kind == "arguments":
        words = spoiled_command(world, rng)
        return Case(" ".join(words), lambda: _run(words))
    path = rng.choice(world.files(kind))
    data = spoiled_file(path, rng)
    return Case(path.name, lambda: _read(kind, path, data, world))


def _read(kind: str, path: Path, data: bytes, world: World) -> str:
    """Hands a spoiled file to every reader of its kind."""
    results = set()
    for read in READERS[kind]:
        spoiled = world.out / path.name
        spoiled.write_bytes(data)
        try:
            read(spoiled, world.good)
            results.add("used")
        except UserError as error:
            print("refused:", error)
    return "used" if results else "refused"


def _run(words: list[str]) -> str:
    print("$", *words)
    code = run_here(words)
    assert code in (0, 2), f"exit code {code}"
    return "refused" if code else "used"


def spoiled_command(world: World, rng: random.Random) -> list[str]:
    """Returns a command that does something, with one to four words changed, left out or added."""
    words = rng.choice(list(COMMANDS.values())).split()
    actions = [action for action in parser_of(published_flags())._actions if action.option_strings[-1] not in LEFT_OUT]
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        at = rng.randrange(len(words)) if words else 0
        value = rng.choice(WORDS if rng.random() < 0.6 else PLACES)
        match rng.randrange(8):
            case 0:
                words[at : at + 1] = [value]
            case 1:
                del words[at : at + 1]
            case 2:
                words[at:at] = [value]
            case _:
                action = rng.choice(actions)
                known = action.choices or (("true", "false") if action.nargs == "?" else (value,))
                words += [action.option_strings[-1], rng.choice([value, *known])]
    return [*BEGIN.split(), *(word.format(good=world.good) for word in words), *END.split()]
