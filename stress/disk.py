"""Everything that writes, on a disk that is full at some point, and on one that cannot be written to.

Each command first runs with room enough, then where only a share of what it wrote fits, then read-only: every time it
has to end with a message and exit code 2, without a traceback, and whatever it leaves has to be whole. The disk is a
tmpfs where one may be mounted (root), else files may not grow (RLIMIT_FSIZE) and read-only is left out. From the root
of a clone:

    python -m stress.disk
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stress import fuzz_cases
from stress.kills import ROOT

NAMES = ("train", "resume", "train chn", "test", "test chn", "video", "frames", "evaluate", "export inputs", "export")
"""Of the commands of :mod:`stress.fuzz_cases`, in their order."""
COMMANDS = dict(zip(NAMES, fuzz_cases.COMMANDS, strict=True)) | {"sample data": "--sample_data made"}
"""Everything that writes; ``{good}`` stands for the folder of the good files."""
SHARES = (0.0, 0.02, 0.5, 0.9)
"""How much of what a command writes fits."""
FREE = 2**28
PAGE = 4096


@dataclass(frozen=True)
class Ending:
    """How a command ended.

    Attributes:
        code: its exit code.
        said: the last line it said.
        faults: what should not be.
    """

    code: int
    said: str
    faults: tuple[str, ...]


def may_mount() -> bool:
    """Whether this process may mount a tmpfs."""
    with tempfile.TemporaryDirectory() as place:
        try:
            with disk(Path(place), PAGE, is_mounted=True):
                return True
        except (OSError, subprocess.CalledProcessError):
            return False


@contextlib.contextmanager
def disk(place: Path, size: int, is_mounted: bool) -> Iterator[Path]:
    """A folder with room for so many bytes."""
    place.mkdir(exist_ok=True)
    if is_mounted:
        size = max(size // PAGE, 1) * PAGE  # 0 would be: no limit
        quiet = {"check": True, "capture_output": True}
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place], **quiet)  # type: ignore[call-overload]
    try:
        yield place
    finally:
        if is_mounted:
            subprocess.run(["umount", "-l", place], check=True)


def run(words: list[str], place: Path, largest: int | None) -> tuple[int, str]:
    """Runs the command in a folder; returns its exit code and all it said."""

    def limit() -> None:
        if largest is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))

    env = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "ignore", "-m", "master_thesis", *words]
    done = subprocess.run(
        command, cwd=place, env=env, capture_output=True, text=True, timeout=300, preexec_fn=limit, check=False
    )
    return done.returncode, done.stderr


def judged(code: int, said: str, place: Path) -> Ending:
    """What is to be said of a run that could not write all it wanted."""
    faults = ["exit code"] * (code != 2) + ["traceback"] * ("Traceback" in said or "Exception ignored" in said)
    for path in sorted(place.rglob("*")):
        if path.is_file() and not is_whole(path):
            faults.append(f"left {path.relative_to(place)}")
    return Ending(code, (said.strip().splitlines() or [""])[-1], tuple(faults))


def is_whole(path: Path) -> bool:
    """Whether a file can be used; what TensorBoard appends to has no end."""
    from master_thesis.checkpoints.reading import read_checkpoint
    from master_thesis.errors import UserError
    from master_thesis.images.codec import read_frame
    from master_thesis.video.io.decoding import open_source

    try:
        if ".part" in path.name:
            return False
        if path.suffix == ".json" or path.name == "data.ckpt":
            json.loads(path.read_text())
        elif path.suffix in (".ckpt", ".safetensors"):
            read_checkpoint(path)
        elif path.suffix in (".png", ".jpg"):
            read_frame(path)
        elif path.suffix == ".mp4":
            for _ in open_source(path).frames():
                pass
    except (UserError, ValueError):
        return False
    return True


def size_of(place: Path) -> tuple[int, int]:
    """Bytes of all files, in pages, and of the largest."""
    sizes = [path.stat().st_size for path in place.rglob("*") if path.is_file()]
    return sum(-(-size // PAGE) * PAGE for size in sizes), max(sizes)


def endings(words: list[str], folder: Path, is_mounted: bool) -> Iterator[tuple[str, Ending]]:
    """Runs a command on disks of all kinds."""
    with disk(folder / "free", FREE, is_mounted) as place:
        code, said = run(words, place, None)
        assert code == 0, said
        total, largest = size_of(place)
    for share in SHARES:
        room = int(share * (total if is_mounted else largest))
        with disk(folder / f"full {share}", room, is_mounted) as place:
            code, said = run(words, place, None if is_mounted else room)
            yield f"{share:.0%}", judged(code, said, place)
    if is_mounted:
        with disk(folder / "read-only", FREE, is_mounted) as place:
            subprocess.run(["mount", "-o", "remount,ro", place], check=True)
            code, said = run(words, place, None)
            yield "read-only", judged(code, said, place)


def words_of(name: str, world: fuzz_cases.World) -> list[str]:
    """The words of a command."""
    return f"{fuzz_cases.BEGIN} {COMMANDS[name].format(good=world.good)} {fuzz_cases.END}".split()


def table(found: dict[str, dict[str, Ending]]) -> str:
    """A row per command, a column per kind of disk."""
    columns = list(dict.fromkeys(room for endings in found.values() for room in endings))
    lines = [f"| command | {' | '.join(columns)} |", "|---" * (1 + len(columns)) + "|"]
    for name, endings in found.items():
        cells = ["; ".join(endings[room].faults) or "as promised" for room in columns]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commands", nargs="+", choices=COMMANDS, default=list(COMMANDS))
    options = parser.parse_args()
    is_mounted = may_mount()
    found: dict[str, dict[str, Ending]] = {}
    print("a full tmpfs and a read-only one" if is_mounted else "files that may not grow (RLIMIT_FSIZE)", flush=True)
    with tempfile.TemporaryDirectory() as name:
        world = fuzz_cases.build(Path(name))
        before = world.snapshot()
        for command in options.commands:
            found[command] = {}
            (world.folder / "disks").mkdir(exist_ok=True)
            for room, ending in endings(words_of(command, world), world.folder / "disks", is_mounted):
                found[command][room] = ending
                told = "; ".join(ending.faults) or "as promised"
                print(f"{command}, {room}: {told} ({ending.code}, {ending.said})".replace(name, ""), flush=True)
        disks = world.folder / "disks"
        kept = {path: state for path, state in world.snapshot().items() if disks not in (path, *path.parents)}
    num_faults = sum(bool(ending.faults) for endings in found.values() for ending in endings.values())
    print(f"{table(found)}\ninputs {'untouched' if kept == before else 'CHANGED'}; {num_faults} faults")
    raise SystemExit(num_faults > 0 or kept != before)


if __name__ == "__main__":
    main()
