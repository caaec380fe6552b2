"""Fills a video window by window, in memory that does not depend on the length of the video."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import torch

from master_thesis.configs.inpainting import MONTAGE
from master_thesis.inpainting.algorithms import outwards
from master_thesis.inpainting.canvas import HALLUCINATED, Canvas
from master_thesis.inpainting.inpainter import Inpainter, SubSequence
from master_thesis.ops.image import FINE, to_bytes, to_float
from master_thesis.video.closed_frames import ClosedFrames, WindowFolder
from master_thesis.video.compositing import WorkingFrame, to_working
from master_thesis.video.frame_store import FineImages, FrameStore, Holes, Images, StoredFrame
from master_thesis.video.io.masks import Pairs
from master_thesis.video.kept_montage import KeptMontage
from master_thesis.video.patch_store import Patch, PatchFolder
from master_thesis.video.plan import Window

HeldFrame: TypeAlias = WorkingFrame | StoredFrame
KEEPING = frozenset({"ff", "ip"})
"""The algorithms on a canvas whose closed frames are kept before their window is complete."""


@dataclass(frozen=True)
class WindowInpainter:
    """Fills the core of a window with the algorithm of an inpainter.

    Attributes:
        inpainter: the algorithm with its networks.
    """

    inpainter: Inpainter

    @property
    def algorithm(self) -> str:
        """Name of the algorithm."""
        return self.inpainter.options.algorithm

    def filled_frames(self, window: Window) -> range:
        """Numbers of the frames that are filled: the core, and with cp the frames after it, which pass pixels on."""
        return range(window.core_start, window.stop) if self.algorithm == "cp" else window.core

    def fill(
        self,
        window: Window,
        frames: list[HeldFrame],
        past: dict[int, Patch],
        place: WindowFolder,
    ) -> dict[int, Patch]:
        """Fills the core of a window and stores its patches.

        Args:
            window: the window.
            frames: all its frames; the list is emptied, to free their memory.
            past: patches of the frames before the core. ip and cp continue from them, pm carries on what they
                hallucinated, ff starts from the original.
            place: what is done of the window already, and where what will be done goes.

        Returns:
            The patches of the frames with a hole in the core, by frame number.
        """
        if self.algorithm == MONTAGE:
            return self._assemble(window, frames, past.get(window.core_start - 1), place)
        canvas = make_canvas(window, frames, {} if self.algorithm == "ff" else past, self.inpainter.device)
        holes = [frame.hole for frame in frames]
        frames.clear()  # the canvas has them now
        closed = ClosedFrames(place, dict(zip(window.numbers, holes, strict=True)), self.algorithm in KEEPING)
        with closed.of(canvas) as kept:
            part = SubSequence(self._targets(window), window.start, on_closed=closed.add)
            self.inpainter.fill_canvas(replace(canvas, closed=kept), part)
            with_hole = [n for n in window.core if holes[n - window.start].any()]
            patches = {n: _patch(canvas, n - window.start, holes[n - window.start]) for n in with_hole}
            place.complete(patches)
        return patches

    def _assemble(
        self, window: Window, frames: Sequence[HeldFrame], before: Patch | None, place: WindowFolder
    ) -> dict[int, Patch]:
        """Fills the core of a window by pm."""
        images, holes, patches = Images(frames), Holes(frames), {}
        fine = FineImages(frames) if isinstance(frames[0], StoredFrame) and frames[0].store.is_fine else None
        first, last = window.core_start - window.start, window.core_stop - window.start
        past = None
        if before is not None:
            past = (images if fine is None else fine)[first - 1].copy()
            past[before.hole] = before.colours if before.fine is None else before.fine / np.float32(FINE)
        kept = KeptMontage(place, window.start, holes)
        with kept.kept_if_interrupted():
            montage = self.inpainter.montage(images, holes, kept.steps, fine)
            for i, filled in montage.fill(range(first, last), past, kept.filled):
                if i not in kept.filled:
                    kept.filled[i] = filled
                source = np.where(filled.source == HALLUCINATED, HALLUCINATED, filled.source + window.start)
                patches[window.start + i] = _patch_of(holes[i], filled.colours, source.astype(np.int32))
                place.report(1)
            place.complete(patches)
        return patches

    def _targets(self, window: Window) -> list[int]:
        first, last = window.core_start - window.start, window.core_stop - window.start
        if self.algorithm == "cp":  # known pixels spread from frame to frame, also through the frames after the core
            return list(range(len(window.numbers)))
        if self.algorithm == "ff":
            return list(range(first, last))
        if window.start == window.core_start:
            return [first + i for i in outwards(last - first)]
        return list(range(last))  # forwards, so that every frame continues from the one before


def fill_windows(
    windows: Sequence[Window],
    masks: Pairs,
    inpainter: WindowInpainter,
    folder: PatchFolder,
    on_closed: Callable[[int], None] | None = None,
) -> None:
    """Fills every window that is not in ``folder`` yet, and stores its patches there.

    Args:
        windows: the windows, in order.
        masks: the video with its masks.
        inpainter: fills a window.
        folder: stores the patches.
        on_closed: called with the number of frames completed.
    """
    past: dict[int, Patch] = {}
    with _opened_store(windows, folder, masks.video.info.is_fine) as store:
        for index, (window, frames) in enumerate(_read(windows, masks, folder, store)):
            past = {n: patch for n, patch in past.items() if n >= window.start}
            if frames is None:
                patches = folder.load(index)
            else:
                patches = inpainter.fill(window, frames, past, WindowFolder(folder, index, on_closed))
                gc.collect()  # its caches refer to what fills them, and would stay beside those of the next windows
            past |= patches


def _opened_store(
    windows: Sequence[Window], folder: PatchFolder, is_fine: bool
) -> AbstractContextManager[FrameStore | None]:
    """A store for the frames of the largest window; None where all windows are held in memory."""
    stored = [window for window in windows if window.scene.is_stored]
    if not stored:
        return nullcontext()
    num_pixels = max(window.scene.working_size[0] * window.scene.working_size[1] for window in stored)
    return FrameStore(folder.path, max(len(window.numbers) for window in stored), num_pixels, is_fine)


def _read(
    windows: Sequence[Window], masks: Pairs, folder: PatchFolder, store: FrameStore | None
) -> Iterator[tuple[Window, list[HeldFrame] | None]]:
    """Yields every window with its frames, or without them if its patches are stored."""
    numbered = enumerate(masks.pairs())
    held: dict[int, HeldFrame] = {}
    for index, window in enumerate(windows):
        if folder.has(index):
            yield window, None
            continue
        held = {n: frame for n, frame in held.items() if n >= window.start}
        while window.stop - 1 not in held:
            number, (frame, mask) = next(numbered)
            if number >= window.start:
                fine = frame.fine_image() if store is not None and store.is_fine else None
                working = to_working(frame.image, mask, window.scene, fine)
                held[number] = working if store is None else store.put(number, working)
        needed = windows[index + 1].start if index + 1 < len(windows) else window.stop
        yield window, [held.pop(n) if n < needed else held[n] for n in window.numbers]


def make_canvas(window: Window, frames: Sequence[HeldFrame], past: dict[int, Patch], device: torch.device) -> Canvas:
    """The canvas of a window in which the frames of ``past`` are filled, made frame by frame to need no more memory."""
    size = frames[0].hole.shape
    rgb, mask = (torch.empty(len(frames), n, *size, device=device) for n in (3, 1))
    canvas = Canvas(rgb, mask, torch.empty_like(mask, dtype=torch.int32), window.start)
    for i, (number, frame) in enumerate(zip(window.numbers, frames, strict=True)):
        image, hole, source = frame.image, frame.hole, np.full(size, number, np.int32)
        if number in past:
            image, hole = image.copy(), np.zeros_like(hole)
            image[past[number].hole], source[past[number].hole] = past[number].colours, past[number].source
        x = to_float(torch.from_numpy(image)).permute(2, 0, 1).unsqueeze(1)
        one = Canvas.of(x, torch.from_numpy(hole).float()[None, None], number, torch.from_numpy(source)[None, None])
        canvas.write([i], one.frames.to(device), one.mask.to(device), one.source.to(device))
    return canvas


def _patch_of(hole: np.ndarray, colours: np.ndarray, source: np.ndarray) -> Patch:
    """The patch of colours in [0, 255] that are whole numbers or finer."""
    if colours.dtype == np.uint8:
        return Patch.of(hole, colours, source)
    return Patch.of(
        hole, np.rint(colours).clip(0, 255).astype(np.uint8), source, np.rint(colours * FINE).astype(np.uint16)
    )


def _patch(canvas: Canvas, i: int, hole: np.ndarray) -> Patch:
    picture = to_bytes(canvas.frames[i]).permute(1, 2, 0).cpu().numpy()
    return Patch.of(hole, picture[hole], canvas.source[i, 0].cpu().numpy()[hole])
