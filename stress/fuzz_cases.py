"""The cases of :mod:`stress.fuzz`: what is spoiled, and who reads it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stress.kills import TINY
from stress.mutations import spoiled_file

KINDS = ("image", "video", "checkpoint", "cache", "arguments")
SHARES = ("image", "video", "checkpoint", "cache", "arguments") * 2 + ("image", "checkpoint")
"""Which kind each case is, over and over."""

END = "--max_epochs 1 --max_steps 1 --limit_val_batches 1 --limit_test_batches 1 --enable_progress_bar false "
END += "--vgg_weights random"
"""Stands at the end of every command line: whatever was made of it, it is short and downloads nothing."""
SMALL = f"{TINY} --train_max_iterations 1 --validation_max_iterations 1 --test_size 32 48"
CHN = "--chn_width 4 --chn_growth 2 --chn_num_blocks 1"
BEGIN = f"{SMALL} {CHN}"
"""Stands before every command line: what trains although it was not meant to is small."""
COMMANDS = (
    "--data_path {good}/data",
    "--data_path {good}/data --ckpt_path {good}/dfpn.ckpt",
    "--data_path {good}/data --chn --chn_aligner dfpn --chn_aligner_checkpoint {good}/dfpn.ckpt",
    "--data_path {good}/data --test --test_checkpoint {good}/dfpn.ckpt --test_size 32 48",
    "--data_path {good}/data --chn --test --test_checkpoint {good}/chn.safetensors --chn_aligner opencv "
    "--test_size 32 48 --algorithms ip --output_path made",
    "--video {good}/clip.mp4 --mask {good}/masks/0.png --output made.mp4 --test_size 24 32 --report --overlay",
    "--video {good}/frames --mask {good}/masks --output made --algorithms ff",
    "--evaluate --data_path {good}/data --masks still --protocols hole --algorithms ip --baselines telea "
    "--max_frames 2 --sequences walker-crossing --output_path made",
    "--evaluate --data_path {good}/data --export_inputs made --max_frames 2",
    "--test --test_checkpoint {good}/dfpn.ckpt --export made.safetensors",
)
WORDS = ("", "-1", "0", "1", "2", "3", "7", "64", "1000000000", "1" + "0" * 30, "nan", "inf", "-0.5", "0.5", "1e-30")
WORDS += ("1e308", "true", "false", "none", "last", "native", "ip", "cp", "small", "homography", "'", "ü", "a=b", "\0")
PLACES = ("{good}", "{good}/clip.mp4", "{good}/masks", "{good}/frames", "{good}/data", "{good}/dfpn.ckpt", "alpha")
PLACES += ("{good}/chn.safetensors", "{good}/cache.json", "{good}/plain.jpg", "nowhere", "a/b/c.mp4", ".", "made.mkv")
LEFT_OUT = ("--devices", "--num_nodes", "--strategy", "--gpus", "--overwrite", "--help", "-h", "--benchmark")
"""Options that start other processes, give up files, end at once, or change how the whole process computes."""


@dataclass(frozen=True)
class World:
    """A folder with good files (``good``, never written to), and one for what cases write (``out``)."""

    folder: Path

    @property
    def good(self) -> Path:
        """The good files."""
        return self.folder / "good"

    @property
    def out(self) -> Path:
        """Where cases run and write."""
        return self.folder / "out"

    def snapshot(self) -> dict[Path, tuple[int, int]]:
        """Size and time of all that is not to change."""
        found = (path for path in self.folder.rglob("*") if self.out not in (path, *path.parents))
        return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in found}


@dataclass(frozen=True)
class Case:
    """Something to try: what it is, and how."""

    what: str
    run: Callable[[], str]


def build(folder: Path) -> World:
    """Makes the good files."""
    from stress.fuzz_files import write_good_files

    world = World(folder)
    world.good.mkdir()
    write_good_files(world.good)
    return world


def warm_up(world: World) -> None:
    """Imports what cases need, so that none of them is blamed for it."""
    import matplotlib.pyplot  # noqa: F401 (its cache of fonts)

    from master_thesis.cli import commands as runs  # noqa: F401
    from master_thesis.images.codec import read_frame

    read_frame(world.good / "plain.jpg")  # looks for libturbojpeg with a temporary file


def kind_of(number: int) -> str:
    """What a case is about."""
    return SHARES[number % len(SHARES)]


def draws(seed: int, number: int) -> random.Random:
    """The randomness of a case."""
    return random.Random(f"{seed} {number}")


def make_case(world: World, number: int, rng: random.Random) -> Case:
    """The case of a number: ``rng`` has to be its own."""
    kind = kind_of(number)
    if kind == "arguments":
        words = spoiled_command(world, rng)
        return Case(" ".join(words), lambda: run_command(words))
    from stress import fuzz_files

    path = rng.choice(fuzz_files.good_files(world.good, kind))
    data = spoiled_file(path, rng)
    return Case(path.name, lambda: _read(kind, path, data, world))


def _read(kind: str, path: Path, data: bytes, world: World) -> str:
    """Hands a spoiled file to everyone who reads its kind."""
    from master_thesis.errors import UserError
    from stress import fuzz_files

    results = []
    for read in fuzz_files.READERS[kind]:
        bad = world.out / path.name
        bad.write_bytes(data)
        try:
            read(bad, world.good)
            results.append("used")
        except UserError as error:
            print("told:", error)
            results.append("told")
    return "used" if "used" in results else "told"


def run_command(words: list[str]) -> str:
    """Runs the command; what it says is caught by the caller."""
    from master_thesis.cli.main import main

    print("$", *words)
    try:
        code: Any = main(words)
    except SystemExit as end:
        code = end.code
    assert code in (0, 2), f"exit code {code}"
    return "told" if code else "used"


def spoiled_command(world: World, rng: random.Random) -> list[str]:
    """A command that does something, with one to four words changed, left out or added."""
    from master_thesis.cli.options import make_parser

    words = rng.choice(COMMANDS).split()
    actions = [action for action in make_parser()._actions if action.option_strings[-1] not in LEFT_OUT]
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
