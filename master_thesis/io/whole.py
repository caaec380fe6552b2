"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
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
