"""Keeps the frames of a window that are closed, so that an interrupted run continues in the middle of a window."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import torch

from master_thesis.inpainting.canvas import Canvas, ClosedHole
from master_thesis.video.patch_store import PatchFolder

KEEP_SECONDS = 10.0
"""Time after which the frames that are closed are stored, though their window is not complete."""


class ClosedFrames:
    """The frames of a window that are closed, kept on disk every few seconds and when the work is interrupted.

    With ff and ip, a frame that is closed stays as it is, and the others depend on nothing else: the work continues
    from there. With cp, frames are closed in the last sweeps and pass pixels on before: nothing can be kept before the
    end.

    Args:
        folder: stores them.
        window: index of the window.
        holes: of its frames, by number.
        on_closed: called with the number of frames closed.
        is_kept: whether frames are kept before the window is complete.
    """

    def __init__(
        self,
        folder: PatchFolder,
        window: int,
        holes: Mapping[int, np.ndarray],
        on_closed: Callable[[int], None] | None,
        is_kept: bool,
    ) -> None:
        self.folder, self.window, self.holes, self.on_closed = folder, window, holes, on_closed
        self.is_kept = is_kept
        self._pending: list[int] = []
        self._saved = time.monotonic()

    @contextmanager
    def of(self, canvas: Canvas) -> Iterator[dict[int, ClosedHole]]:
        """Keeps the frames that are closed in this block, also when it is left by an error.

        Yields:
            Those that are closed already, by index.
        """
        self._canvas = canvas
        kept = self.folder.kept(self.window, self.holes) if self.is_kept else {}
        if kept and self.on_closed is not None:
            self.on_closed(len(kept))
        try:
            yield {n - canvas.first: closed for n, closed in kept.items()}
        except BaseException:
            self._save()
            raise

    def add(self, indices: Sequence[int]) -> None:
        """Takes the frames that have just been closed, by index."""
        if self.on_closed is not None:
            self.on_closed(len(indices))
        self._pending += indices if self.is_kept else []
        if time.monotonic() - self._saved > KEEP_SECONDS:
            self._save()

    def _save(self) -> None:
        while self._pending:
            i = self._pending[0]
            number = i + self._canvas.first
            self.folder.keep(self.window, number, self._canvas.closed_hole(i, torch.from_numpy(self.holes[number])))
            self._pending.pop(0)
        self._saved = time.monotonic()
