"""Keeps the motions and filled holes of a photomontage, so that an interrupted run continues from there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import numpy as np

from master_thesis.errors import require
from master_thesis.inpainting.finishing import FilledHole
from master_thesis.models.classical.exposure import Exposure
from master_thesis.models.classical.flow_patches import FlowPatch, LocalFlow
from master_thesis.models.classical.neighbours import NeighbourMotion
from master_thesis.video import closed_frames
from master_thesis.video.closed_frames import WindowFolder
from master_thesis.video.patch_store import FRAME, MOTION

T = TypeVar("T")


class Noting(dict[int, T]):
    """A dictionary that reports what is added to it.

    Args:
        known: what is in it already.
        on_new: called with the key of each new entry.
    """

    def __init__(self, known: dict[int, T], on_new: Callable[[int], None]) -> None:
        super().__init__(known)
        self._on_new = on_new

    def __setitem__(self, key: int, value: T) -> None:
        super().__setitem__(key, value)
        self._on_new(key)


class KeptMontage:
    """The motions and the filled holes of a window, kept on disk every few seconds and when the work is interrupted.

    Args:
        place: where they go.
        first: number of the first frame of the window.
        holes: of its frames.

    Attributes:
        steps: the motion from each frame to the next one, by index; new entries are kept.
        filled: the filled holes by index; new entries are kept.
    """

    def __init__(self, place: WindowFolder, first: int, holes: Sequence[np.ndarray]) -> None:
        self.place, self.first, self._holes = place, first, holes
        self._pending: list[tuple[str, int]] = []
        self._saved = time.monotonic()
        numbers, kept = range(first, first + len(holes)), place.folder.kept
        steps = kept(place.window, MOTION, numbers, lambda _, arrays: _motion(arrays))
        filled = kept(place.window, FRAME, numbers, self._filled)
        self.steps = Noting({n - first: step for n, step in steps.items()}, lambda i: self._add(MOTION, i))
        self.filled = Noting({n - first: hole for n, hole in filled.items()}, lambda i: self._add(FRAME, i))

    def _filled(self, number: int, arrays: dict[str, np.ndarray]) -> FilledHole:
        count = int(self._holes[number - self.first].sum())
        filled = FilledHole(arrays["colours"], arrays["source"])
        require((filled.colours.shape, filled.source.shape) == ((count, 3), (count,)), "of another hole")
        return filled

    @contextmanager
    def kept_if_interrupted(self) -> Iterator[None]:
        """Stores what is not stored yet if the block is left by an error."""
        try:
            yield
        except BaseException:
            self._save()
            raise

    def _add(self, kind: str, index: int) -> None:
        self._pending.append((kind, index))
        if time.monotonic() - self._saved > closed_frames.KEEP_SECONDS:
            self._save()

    def _save(self) -> None:
        while self._pending:
            kind, i = self._pending[0]
            arrays = vars(self.filled[i]) if kind == FRAME else _arrays(self.steps[i])
            self.place.folder.keep(self.place.window, kind, self.first + i, arrays)
            self._pending.pop(0)
        self._saved = time.monotonic()


def _arrays(motion: NeighbourMotion) -> dict[str, np.ndarray]:
    flows = {"onward": motion.onward, "back": motion.back}
    patches = {f"{way}_{part}": patch for way, flow in flows.items() for part, patch in flow._asdict().items()}
    arrays = {f"{name}_{field}": array for name, patch in patches.items() for field, array in patch._asdict().items()}
    return {"camera": motion.camera, **arrays, **vars(motion.exposure)}


def _motion(arrays: dict[str, np.ndarray]) -> NeighbourMotion:
    def flow(way: str) -> LocalFlow:
        names = [[f"{way}_{part}_{field}" for field in FlowPatch._fields] for part in LocalFlow._fields]
        return LocalFlow(*(FlowPatch(*(arrays[name] for name in part)) for part in names))

    exposure = Exposure(arrays["gain"], arrays["offset"])
    return NeighbourMotion(arrays["camera"], flow("onward"), flow("back"), exposure)
