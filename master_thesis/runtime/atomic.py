"""Files that appear whole or not at all, and never in the place of others unasked."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from master_thesis.errors import UserError, require


def require_free(option: str, places: Iterable[Path], overwrite: bool) -> None:
    """Stops before the work begins where something would be replaced that nobody gave up.

    Args:
        option: that names the places, without dashes.
        places: what will be written; an empty folder is free.
        overwrite: whether to replace what is there.

    Raises:
        UserError: something is there.
    """
    taken = (p for p in places if p.exists() and not (p.is_dir() and not any(p.iterdir())))
    there = None if overwrite else next(taken, None)
    require(there is None, f"--{option} {there} exists already: --overwrite replaces it")


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Writes a file beside its place and renames it when it is on the disk; what was there stays until then.

    Args:
        path: where it goes; its folder must exist.
        write: writes the file it is given.

    Raises:
        UserError: where it cannot be written (full disk, no permission); nothing of it is left.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        write(part)
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        raise UserError(
            f"{path} cannot be written: {error.strerror or error}; what was there before is kept"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def write_whole_folder(path: Path, names: frozenset[str], write: Callable[[Path], object]) -> None:
    """Writes a folder beside its place and renames it; what was there stays until then.

    Args:
        path: where it goes; folders above it are made.
        names: of all that may lie in it: a folder with anything else in it is never replaced.
        write: fills the folder it is given.

    Raises:
        UserError: where it cannot be written, and nothing of it is left; or something else lies there.
    """
    strange = sorted({entry.name for entry in path.iterdir()} - names) if path.is_dir() else []
    require(not strange, f"{path} holds other things than a result ({', '.join(strange[:1])}): choose another name")
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.mkdir(parents=True)
        write(part)
        if path.exists():
            shutil.rmtree(path)
        os.replace(part, path)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def clear_unfinished(path: Path) -> None:
    """Removes what killed processes left of a file beside its place; no other process may be writing it."""
    for part in path.parent.glob(f"{glob.escape(path.name)}.*.part"):
        if part.name[len(path.name) + 1 : -len(".part")].isdigit():
            part.unlink()


def is_disk_full(error: BaseException | None) -> bool:
    """Whether an error, or what it came from, says that a disk or somebody's share of it is full."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        error = error.__cause__
    return False
