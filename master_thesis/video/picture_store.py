"""Pictures of one size on disk, as many as there are frames: long videos do not fit into memory."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import TracebackType

import numpy as np
from jaxtyping import UInt8


class PictureStore:
    """Pictures by number, in a file that vanishes with the store; a context manager.

    Args:
        folder: where the file lies.
        shape: of a picture.
    """

    def __init__(self, folder: Path, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self._bytes = int(np.prod(shape))
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (closed by __exit__)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def append(self, picture: UInt8[np.ndarray, "..."]) -> None:
        """Adds a picture."""
        self.put(self._length, picture)

    def put(self, index: int, picture: UInt8[np.ndarray, "..."]) -> None:
        """Writes a picture at its place."""
        self._file.seek(index * self._bytes)
        self._file.write(np.ascontiguousarray(picture, np.uint8).tobytes())
        self._length = max(self._length, index + 1)

    def __getitem__(self, index: int) -> UInt8[np.ndarray, "..."]:
        """Reads a picture."""
        self._file.seek(index * self._bytes)
        return np.frombuffer(self._file.read(self._bytes), np.uint8).reshape(self.shape)

    def __enter__(self) -> PictureStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
