"""Keeps the frames of a window that are closed, so that an interrupted run continues in the middle of a window."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from master_thesis.errors import require
from master_thesis.inpainting.canvas import Canvas, ClosedHole
from master_thesis.video.patch_store import FRAME, Patch, PatchFolder

KEEP_SECONDS = 10.0
"""Seconds after which finished parts are stored, although their window is not complete."""


@dataclass(frozen=True)
class WindowFolder:
    """Where the parts of an unfinished window are stored.

    Attributes:
        folder: stores them.
        window: its index.
        on_closed: called with the number of frames completed; None: no progress is reported.
    """

    folder: PatchFolder
    window: int
    on_closed: Callable[[int], None] | None = None

    def report(self, count: int) -> None:
        """Reports frames that are completed."""
        if count and self.on_closed is not None:
            self.on_closed(count)

    def complete(self, patches: Mapping[int, Patch]) -> None:
        """Stores the patches of the whole window in place of its parts."""
        self.folder.save(self.window, patches)
        self.folder.drop_kept(self.window)


class ClosedFrames:
    """The frames of a window that are closed, kept on disk every few seconds and when the work is interrupted.

    With ff and ip, a frame that is closed stays as it is, and the others depend on nothing else: the work continues
    from there. With cp, frames pass pixels on before they are closed, so nothing can be kept before the end.

    Args:
        place: stores them.
        holes: of its frames, by number.
        is_kept: whether frames are kept before the window is complete.
    """

    def __init__(self, place: WindowFolder, holes: Mapping[int, np.ndarray], is_kept: bool) -> None:
        self.place, self.holes, self.is_kept = place, holes, is_kept
        self._pending: list[int] = []
        self._saved = time.monotonic()

    @contextmanager
    def of(self, canvas: Canvas) -> Iterator[dict[int, ClosedHole]]:
        """Keeps the frames that are closed in this block, also when it is left by an error.

        Yields:
            Those that are closed already, by index.
        """
        self._canvas = canvas
        place = self.place
        kept = place.folder.kept(place.window, FRAME, self.holes, self._closed) if self.is_kept else {}
        place.report(len(kept))
        try:
            yield {n - canvas.first: closed for n, closed in kept.items()}
        except BaseException:
            self._save()
            raise

    def _closed(self, number: int, arrays: dict[str, np.ndarray]) -> ClosedHole:
        hole = self.holes[number]
        count = int(hole.sum())
        kinds = {"hole": (hole.shape, "bool"), "colours": ((3, count), "float32"), "source": ((count,), "int32")}
        found = {name: (array.shape, array.dtype.name) for name, array in arrays.items()}
        require(found == kinds and np.array_equal(arrays["hole"], hole), "of another hole")
        return ClosedHole(**{name: torch.from_numpy(array) for name, array in arrays.items()})

    def add(self, indices: Sequence[int]) -> None:
        """Takes the frames that have just been closed, by index."""
        self.place.report(len(indices))
        self._pending += indices if self.is_kept else []
        if time.monotonic() - self._saved > KEEP_SECONDS:
            self._save()

    def _save(self) -> None:
        while self._pending:
            i = self._pending[0]
            number = i + self._canvas.first
            closed = self._canvas.closed_hole(i, torch.from_numpy(self.holes[number]))
            arrays = {name: tensor.numpy() for name, tensor in vars(closed).items()}
            self.place.folder.keep(self.place.window, FRAME, number, arrays)
            self._pending.pop(0)
        self._saved = time.monotonic()
