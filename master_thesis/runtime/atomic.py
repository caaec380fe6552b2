"""Files and folders that appear complete or not at all, and never replace others unasked."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from master_thesis.errors import UserError, require


def existing_parent(path: Path) -> Path:
    """The nearest folder above a path that exists: what is written there takes its space."""
    return next(parent for parent in path.absolute().parents if parent.exists())


def refuse_overwrite(option: str, places: Iterable[Path], overwrite: bool) -> None:
    """Refuses to overwrite existing outputs.

    Args:
        option: the flag that names the places, without dashes; empty: they are named without a flag.
        places: what will be written; an empty folder is free.
        overwrite: whether existing outputs may be replaced.

    Raises:
        UserError: an output exists.
    """
    taken = (p for p in places if p.exists() and not (p.is_dir() and not any(p.iterdir())))
    existing = None if overwrite else next(taken, None)
    flag = f"--{option} " if option else ""
    require(existing is None, f"{flag}{existing} exists already: --overwrite replaces it")


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yields a path beside ``path`` and renames it when the block ends; until then the old file stays.

    Args:
        path: the final place; its folder must exist.

    Raises:
        UserError: the file cannot be written (disk full, no permission); nothing of it remains.
    """
    part = _part_of(path)
    try:
        yield part
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


@contextlib.contextmanager
def atomic_folder(path: Path, names: frozenset[str] | None) -> Iterator[Path]:
    """Yields a new folder beside ``path`` and renames it when the block ends; until then the old folder stays.

    Args:
        path: the final place; missing parent folders are created.
        names: everything the folder may hold: a folder with anything else in it is never replaced; None: the caller
            has checked what it replaces.

    Raises:
        UserError: the folder cannot be written, and nothing of it remains; or ``path`` holds something else.
    """
    is_checked = names is not None and path.is_dir()
    strange = sorted({entry.name for entry in path.iterdir()} - (names or frozenset())) if is_checked else []
    require(not strange, f"{path} holds files other than a result ({', '.join(strange[:1])}): choose another name")
    part = _part_of(path)
    try:
        part.mkdir(parents=True)
        yield part
        if path.exists():
            shutil.rmtree(path)
        os.replace(part, path)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _part_of(path: Path) -> Path:
    """An unfinished file or folder beside ``path``, of a name that no other writer has, on whichever machine it is."""
    return path.with_name(f"{path.name}.{secrets.randbelow(10**9)}.part")


def remove_leftovers(path: Path) -> None:
    """Removes the unfinished files that killed processes left beside ``path``; no other process may be writing it."""
    for part in path.parent.glob(f"{glob.escape(path.name)}.*.part"):
        if part.name[len(path.name) + 1 : -len(".part")].isdecimal():
            part.unlink()


def is_disk_full(error: BaseException | None) -> bool:
    """Whether an error, or any of its causes, reports a full disk or an exhausted quota."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        error = error.__cause__
    return False
