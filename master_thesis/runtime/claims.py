"""Shares work among processes that see the same folder, on one machine or several: each piece is done by one of them.

A claim is a locked file. The system frees the lock when its process ends, however that happens, so that nothing has to
be cleaned up after a crash. Needs a file system with locks (local ones, NFS, Lustre mounted with ``flock``).
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

MAX_NOTE = 10_000
"""Bytes of a note that are kept."""


@dataclass(frozen=True)
class Claim:
    """The right to do a piece of work, and a note on why that failed.

    Attributes:
        file: the open file; None where files cannot be locked or written.
    """

    file: int | None

    def note(self, since: int) -> str:
        """The note that another process has left at or after a time (:func:`clock_of`); empty if there is none."""
        if self.file is None or not 0 < since <= os.fstat(self.file).st_mtime_ns:
            return ""
        return os.pread(self.file, MAX_NOTE, 0).decode("utf-8", "replace")

    def leave(self, note: str) -> None:
        """Replaces the note; without one, the file disappears with the claim."""
        if self.file is not None:
            with contextlib.suppress(OSError):  # a full disk
                os.ftruncate(self.file, 0)
                os.pwrite(self.file, note.encode("utf-8", "replace")[:MAX_NOTE], 0)


@contextlib.contextmanager
def claimed(path: Path) -> Iterator[Claim | None]:
    """Yields the claim to a piece of work in this block; None if another process holds it.

    Where files cannot be locked or written, every process gets one: whatever is wrong with the place, the work says.

    Args:
        path: the file of the claim. It is removed after the block, unless a note is left.
    """
    try:
        file = _locked(path)
    except OSError:
        yield Claim(None)
        return
    try:
        yield None if file is None else Claim(file)
    finally:
        if file is not None:
            if os.fstat(file).st_size == 0:
                with contextlib.suppress(OSError):
                    path.unlink()
            os.close(file)


def _locked(path: Path) -> int | None:
    """The open file of a claim; None if another process holds it."""
    if fcntl is None:
        raise OSError("files cannot be locked")
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(file), os.stat(path)):
                return file
        except BlockingIOError:
            os.close(file)
            return None
        except FileNotFoundError:  # its last holder has removed it in the meantime
            pass
        except OSError:
            os.close(file)
            raise
        os.close(file)


def clock_of(folder: Path) -> int:
    """The time now, in ns, by the clock that stamps the files of a folder; 0 if it cannot be written to."""
    try:
        with tempfile.TemporaryFile(prefix=".clock.", dir=folder) as probe:
            return os.fstat(probe.fileno()).st_mtime_ns
    except OSError:
        return 0
