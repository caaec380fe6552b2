"""Frames of a window that wait on disk, so that windows of large frames fit into memory."""

from __future__ import annotations

import tempfile
from abc import abstractmethod
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import overload

import numpy as np
from jaxtyping import Bool, Float32, Shaped, UInt8

from master_thesis.ops.image import FINE
from master_thesis.ops.mask import PackedMask
from master_thesis.video.compositing import WorkingFrame

CACHE_BYTES = 96 * 2**20
"""Frames that were read last are kept up to this size."""


@dataclass(frozen=True)
class StoredFrame:
    """A working frame whose image is on disk.

    Attributes:
        number: of the frame.
        packed: its pixels to fill.
        store: where the image is.
    """

    number: int
    packed: PackedMask
    store: FrameStore

    @property
    def hole(self) -> Bool[np.ndarray, "h w"]:
        """Pixels to fill."""
        return self.packed.mask

    @property
    def image(self) -> UInt8[np.ndarray, "h w 3"]:
        """RGB, read from disk."""
        stored = self.store.read(self.number, self.packed.size)
        return stored if stored.dtype == np.uint8 else np.rint(stored / np.float32(FINE)).clip(0, 255).astype(np.uint8)

    @property
    def fine(self) -> Float32[np.ndarray, "h w 3"]:
        """The same in [0, 255] with all bits, if 16 are stored."""
        return self.store.read(self.number, self.packed.size) / np.float32(FINE)


class FrameStore:
    """A file without a name that disappears with the process, however it ends.

    Args:
        folder: where there is space.
        capacity: largest number of frames in succession that are needed together; later ones replace earlier ones.
        num_pixels: largest number of pixels of a frame.
        is_fine: whether images are stored in 16 bits.
    """

    def __init__(self, folder: Path, capacity: int, num_pixels: int, is_fine: bool = False) -> None:
        self.dtype = np.dtype(np.uint16 if is_fine else np.uint8)
        self.is_fine, self.capacity, self.slot_bytes = is_fine, capacity, 3 * num_pixels * self.dtype.itemsize
        self._cache: OrderedDict[int, np.ndarray] = OrderedDict()
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> FrameStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def put(self, number: int, frame: WorkingFrame) -> StoredFrame:
        """Writes the image of a frame."""
        self._file.seek(number % self.capacity * self.slot_bytes)
        image = frame.image if frame.fine is None else frame.fine
        self._file.write(np.ascontiguousarray(image, self.dtype).data)
        return StoredFrame(number, PackedMask.of(frame.hole), self)

    def read(self, number: int, size: tuple[int, ...]) -> Shaped[np.ndarray, "h w 3"]:
        """Reads the image of a frame; it must not be written to."""
        if number not in self._cache:
            shape = (*size, 3)
            self._file.seek(number % self.capacity * self.slot_bytes)
            stored = bytearray(self._file.read(int(np.prod(shape)) * self.dtype.itemsize))
            self._cache[number] = np.frombuffer(stored, self.dtype).reshape(shape)
        self._cache.move_to_end(number)
        image = self._cache[number]
        while len(self._cache) > max(CACHE_BYTES // image.nbytes, 1):
            self._cache.popitem(last=False)
        return image


class _PerFrame(Sequence[np.ndarray]):
    """One array for each of some frames, read when it is asked for.

    Args:
        frames: the frames.
    """

    def __init__(self, frames: Sequence[WorkingFrame | StoredFrame]) -> None:
        self.frames = frames

    def __len__(self) -> int:
        return len(self.frames)

    @overload
    def __getitem__(self, index: int) -> np.ndarray: ...

    @overload
    def __getitem__(self, index: slice) -> _PerFrame: ...

    def __getitem__(self, index: int | slice) -> np.ndarray | _PerFrame:
        return type(self)(self.frames[index]) if isinstance(index, slice) else self._read(self.frames[index])

    @staticmethod
    @abstractmethod
    def _read(frame: WorkingFrame | StoredFrame) -> np.ndarray: ...


class Images(_PerFrame):
    """The images of frames."""

    @staticmethod
    def _read(frame: WorkingFrame | StoredFrame) -> np.ndarray:
        return frame.image


class FineImages(_PerFrame):
    """The same in [0, 255] with all bits, of frames that are stored in 16."""

    @staticmethod
    def _read(frame: WorkingFrame | StoredFrame) -> np.ndarray:
        assert isinstance(frame, StoredFrame)
        return frame.fine


class Holes(_PerFrame):
    """The holes of frames, unpacked."""

    @staticmethod
    def _read(frame: WorkingFrame | StoredFrame) -> np.ndarray:
        return frame.hole
