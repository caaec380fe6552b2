"""Frames that wait on disk, where those of a window or of a long video do not fit into memory."""

from __future__ import annotations

import math
import tempfile
import threading
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TypeVar, overload

import numpy as np
from jaxtyping import Bool, Float32, Shaped, UInt8

from master_thesis.ops.image import FINE
from master_thesis.ops.mask import PackedMask
from master_thesis.runtime.recent import RecentArrays
from master_thesis.video.compositing import WorkingFrame

T = TypeVar("T")
CACHE_BYTES, UNPACKED_BYTES = 96 * 2**20, 16 * 2**20
"""Frames that were read last are kept up to this size, and holes that were unpacked last."""


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


class _SlotFile:
    """Arrays in numbered slots of a nameless file, which disappears with the process, however it ends.

    Args:
        folder: where there is space.
        slot_bytes: size of a slot.
    """

    def __init__(self, folder: Path, slot_bytes: int) -> None:
        self._slot_bytes = slot_bytes
        self._lock = threading.RLock()  # several threads read
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by __exit__

    def __enter__(self: T) -> T:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def _write(self, slot: int, array: np.ndarray) -> None:
        with self._lock:
            self._file.seek(slot * self._slot_bytes)
            self._file.write(np.ascontiguousarray(array).data)

    def _read(self, slot: int, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        with self._lock:
            self._file.seek(slot * self._slot_bytes)
            stored = bytearray(self._file.read(math.prod(shape) * dtype.itemsize))
        return np.frombuffer(stored, dtype).reshape(shape)


class ImageStore(_SlotFile):
    """Images of one size by number; a context manager.

    Args:
        folder: where there is space.
        shape: of an image.
    """

    def __init__(self, folder: Path, shape: tuple[int, ...]) -> None:
        super().__init__(folder, math.prod(shape))
        self.shape = shape
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def append(self, image: UInt8[np.ndarray, "..."]) -> None:
        """Adds an image."""
        self._write(self._length, image)
        self._length += 1

    def __getitem__(self, index: int) -> UInt8[np.ndarray, "..."]:
        """Reads an image."""
        return self._read(index, self.shape, np.dtype(np.uint8))


class FrameStore(_SlotFile):
    """The frames of a window; a context manager.

    Args:
        folder: where there is space.
        capacity: largest number of frames in succession that are needed together; later ones replace earlier ones.
        num_pixels: largest number of pixels of a frame.
        is_fine: whether images are stored in 16 bits.
    """

    def __init__(self, folder: Path, capacity: int, num_pixels: int, is_fine: bool = False) -> None:
        self.dtype = np.dtype(np.uint16 if is_fine else np.uint8)
        super().__init__(folder, 3 * num_pixels * self.dtype.itemsize)
        self.is_fine, self.capacity = is_fine, capacity
        self._recent = RecentArrays(self._read_image, CACHE_BYTES)

    def put(self, number: int, frame: WorkingFrame) -> StoredFrame:
        """Writes the image of a frame."""
        image = frame.image if frame.fine is None else frame.fine
        self._write(number % self.capacity, image.astype(self.dtype, copy=False))
        return StoredFrame(number, PackedMask.of(frame.hole), self)

    def read(self, number: int, size: tuple[int, ...]) -> Shaped[np.ndarray, "h w 3"]:
        """Reads the image of a frame; it must not be written to."""
        return self._recent[number, size]

    def _read_image(self, key: tuple[int, tuple[int, ...]]) -> Shaped[np.ndarray, "h w 3"]:
        number, size = key
        return self._read(number % self.capacity, (*size, 3), self.dtype)


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
        return type(self)(self.frames[index]) if isinstance(index, slice) else self._of(index)

    def _of(self, index: int) -> np.ndarray:
        return self._read(self.frames[index])

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
    """The holes of frames, of which those asked for last are kept unpacked."""

    def __init__(self, frames: Sequence[WorkingFrame | StoredFrame]) -> None:
        super().__init__(frames)
        self._recent = RecentArrays(super()._of, UNPACKED_BYTES)

    def _of(self, index: int) -> np.ndarray:
        return self._recent[index]

    @staticmethod
    def _read(frame: WorkingFrame | StoredFrame) -> np.ndarray:
        return frame.hole
