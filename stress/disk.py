"""Runs every command that writes on disks that fill up and on a read-only one.

Each command runs with enough space first, then where only a share of its output fits, then read-only. It has to end
with a message and exit code 2, without a traceback, and every file that it leaves has to be complete. The disk is a
tmpfs where one can be mounted (root); elsewhere the size of files is limited (RLIMIT_FSIZE) and read-only is skipped.

    python -m stress disk
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.tiny import COMMAND, ROOT
from stress.commands import COMMANDS, framed
from stress.world import World, build

WRITERS = COMMANDS | {"sample data": "--sample_data made"}
"""Every command that writes; ``{good}`` stands for the folder of the good files."""
SHARES = (0.0, 0.02, 0.5, 0.9)
"""The share of a command's output that fits on the disk."""
FREE = 2**28
"""Bytes of a disk with enough space."""
PAGE = 4096


@dataclass(frozen=True)
class Ending:
    """How a command ended.

    Attributes:
        code: its exit code.
        message: the last line that it printed.
        faults: what the package did wrong.
    """

    code: int
    message: str
    faults: tuple[str, ...]


def can_mount() -> bool:
    """Returns whether this process can mount a tmpfs."""
    with tempfile.TemporaryDirectory() as place:
        try:
            with disk(Path(place), PAGE, is_mounted=True):
                return True
        except (OSError, subprocess.CalledProcessError):
            return False


@contextlib.contextmanager
def disk(place: Path, size: int, is_mounted: bool) -> Iterator[Path]:
    """Mounts a disk of ``size`` bytes over a folder; without mounting, the folder is an ordinary one."""
    place.mkdir(exist_ok=True)
    if is_mounted:
        size = max(size // PAGE, 1) * PAGE  # 0 would mean no limit
        quiet = {"check": True, "capture_output": True}
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place], **quiet)  # type: ignore[call-overload]
    try:
        yield place
    finally:
        if is_mounted:
            subprocess.run(["umount", "-l", place], check=True)


def run(words: list[str], place: Path, largest: int | None) -> tuple[int, str]:
    """Runs a command in a folder where files may have ``largest`` bytes; returns its exit code and its messages."""

    def limit() -> None:
        if largest is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))

    env = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [COMMAND[0], "-W", "ignore", *COMMAND[1:], *words]
    done = subprocess.run(
        command, cwd=place, env=env, capture_output=True, text=True, timeout=300, preexec_fn=limit, check=False
    )
    return done.returncode, done.stderr


def judge(code: int, printed: str, place: Path) -> Ending:
    """Judges a run that had too little space, by its exit code, its messages and the files that it left."""
    faults = ["exit code"] * (code != 2) + ["traceback"] * ("Traceback" in printed or "Exception ignored" in printed)
    for path in sorted(place.rglob("*")):
        if path.is_file() and not is_complete(path):
            faults.append(f"left {path.relative_to(place)}")
    return Ending(code, (printed.strip().splitlines() or [""])[-1], tuple(faults))


def is_complete(path: Path) -> bool:
    """Returns whether a file can be used; a log of TensorBoard, which is only appended to, always can."""
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
    """Returns the bytes of all files, rounded up to pages, and of the largest file."""
    sizes = [path.stat().st_size for path in place.rglob("*") if path.is_file()]
    return sum(-(-size // PAGE) * PAGE for size in sizes), max(sizes)


def endings(words: list[str], folder: Path, is_mounted: bool) -> Iterator[tuple[str, Ending]]:
    """Runs a command on disks of all kinds; yields the kind and the ending."""
    with disk(folder / "free", FREE, is_mounted) as place:
        code, printed = run(words, place, None)
        assert code == 0, printed
        total, largest = size_of(place)
    for share in SHARES:
        room = int(share * (total if is_mounted else largest))
        with disk(folder / f"full {share}", room, is_mounted) as place:
            code, printed = run(words, place, None if is_mounted else room)
            yield f"{share:.0%}", judge(code, printed, place)
    if is_mounted:
        with disk(folder / "read-only", FREE, is_mounted) as place:
            subprocess.run(["mount", "-o", "remount,ro", place], check=True)
            code, printed = run(words, place, None)
            yield "read-only", judge(code, printed, place)


def words_of(name: str, world: World) -> list[str]:
    """Returns the words of a command."""
    return framed(WRITERS[name], world.good)


def table(found: dict[str, dict[str, Ending]]) -> str:
    """Returns a table with a row per command and a column per kind of disk."""
    columns = list(dict.fromkeys(room for endings in found.values() for room in endings))
    lines = [f"| command | {' | '.join(columns)} |", "|---" * (1 + len(columns)) + "|"]
    for name, endings in found.items():
        cells = ["; ".join(endings[room].faults) or "as promised" for room in columns]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commands", nargs="+", choices=WRITERS, default=list(WRITERS))
    options = parser.parse_args()
    is_mounted = can_mount()
    found: dict[str, dict[str, Ending]] = {}
    print("full and read-only tmpfs" if is_mounted else "limited size of files (RLIMIT_FSIZE)", flush=True)
    with tempfile.TemporaryDirectory() as name:
        world = build(Path(name))
        before = world.snapshot()
        for command in options.commands:
            found[command] = {}
            (world.folder / "disks").mkdir(exist_ok=True)
            for room, ending in endings(words_of(command, world), world.folder / "disks", is_mounted):
                found[command][room] = ending
                verdict = "; ".join(ending.faults) or "as promised"
                print(f"{command}, {room}: {verdict} ({ending.code}, {ending.message})".replace(name, ""), flush=True)
        disks = world.folder / "disks"
        kept = {path: state for path, state in world.snapshot().items() if disks not in (path, *path.parents)}
    num_faults = sum(bool(ending.faults) for endings in found.values() for ending in endings.values())
    print(f"{table(found)}\ninputs {'untouched' if kept == before else 'CHANGED'}; {num_faults} faults")
    raise SystemExit(num_faults > 0 or kept != before)


if __name__ == "__main__":
    main()
