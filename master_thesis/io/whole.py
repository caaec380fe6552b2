"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
from collections.abc import Callable
from pathlib import Path

from master_thesis.config import UserError


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
