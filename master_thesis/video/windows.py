"""Fills a video window by window, in memory that does not depend on the length of the video."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from master_thesis.configs.inpainting import InpaintOptions
from master_thesis.inpainting.algorithms import outwards
from master_thesis.inpainting.inpainter import Inpainter, SubSequence
from master_thesis.video.compositing import WorkingFrame, to_working
from master_thesis.video.io.masks import Masks
from master_thesis.video.patch_store import Patch, PatchFolder
from master_thesis.video.plan import Window


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

    def seconds_per_pair(self, height: int, width: int) -> float:
        """Measures how long the networks take for one pair of frames."""
        x, m = torch.rand(3, 1, height, width), torch.zeros(1, 1, height, width)
        m[..., 0, 0] = 1
        one_pair = replace(self.inpainter, options=InpaintOptions("ff"))
        one_pair.fill(x, m)  # warms up
        start = time.perf_counter()
        one_pair.fill(x, m)
        return time.perf_counter() - start

    def fill(
        self,
        window: Window,
        frames: Sequence[WorkingFrame],
        past: dict[int, Patch],
        on_closed: Callable[[int], None] | None = None,
    ) -> dict[int, Patch]:
        """Fills the core of a window.

        Args:
            window: the window.
            frames: all its frames.
            past: patches of the frames before the core. ip and cp continue from them, ff starts from the original.
            on_closed: called with the number of frames completed.

        Returns:
            The patches of the frames with a hole in the core, by frame number.
        """
        images, holes, source = _with_past(window, frames, {} if self.algorithm == "ff" else past)
        part = SubSequence(self._targets(window), window.start, self._tensor(source[..., None]), on_closed)
        result = self.inpainter.fill(
            self._tensor(images).float().div(255), self._tensor(holes[..., None]).float(), part
        )
        with_hole = [n for n in window.core if frames[n - window.start].hole.any()]
        return {n: _patch(result.frames, result.source, n - window.start, frames) for n in with_hole}

    def _targets(self, window: Window) -> list[int]:
        first, last = window.core_start - window.start, window.core_stop - window.start
        if self.algorithm == "cp":  # known pixels spread from frame to frame, also through the frames after the core
            return list(range(len(window.numbers)))
        if self.algorithm == "ff":
            return list(range(first, last))
        if window.start == window.core_start:
            return [first + i for i in outwards(last - first)]
        return list(range(last))  # forwards, so that every frame continues from the one before

    def _tensor(self, frames: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(frames.transpose(3, 0, 1, 2))).to(self.inpainter.device)


def fill_windows(
    windows: Sequence[Window],
    masks: Masks,
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
    for index, (window, frames) in enumerate(_read(windows, masks, folder)):
        past = {n: patch for n, patch in past.items() if n >= window.start}
        if frames is None:
            patches = folder.load(index)
        else:
            patches = inpainter.fill(window, frames, past, on_closed)
            folder.save(index, patches)
        past |= patches


def _read(
    windows: Sequence[Window], masks: Masks, folder: PatchFolder
) -> Iterator[tuple[Window, list[WorkingFrame] | None]]:
    """Yields every window with its frames, or without them if its patches are stored."""
    numbered = enumerate(masks.pairs())
    held: dict[int, WorkingFrame] = {}
    for index, window in enumerate(windows):
        if folder.has(index):
            yield window, None
            continue
        held = {n: frame for n, frame in held.items() if n >= window.start}
        while window.stop - 1 not in held:
            number, (frame, mask) = next(numbered)
            if number >= window.start:
                held[number] = to_working(frame.image, mask, window.scene)
        yield window, [held[n] for n in window.numbers]


def _with_past(
    window: Window, frames: Sequence[WorkingFrame], past: dict[int, Patch]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Images, holes and source maps of a window in which the frames of ``past`` are filled."""
    images, holes = np.stack([f.image for f in frames]), np.stack([f.hole for f in frames])
    source = np.broadcast_to(np.array(window.numbers, np.int32)[:, None, None], holes.shape).copy()
    for number, patch in past.items():
        i = number - window.start
        images[i][patch.hole] = patch.colours
        source[i][patch.hole] = patch.source
        holes[i] = False
    return images, holes, source


def _patch(filled: Tensor, source: Tensor, i: int, frames: Sequence[WorkingFrame]) -> Patch:
    hole = frames[i].hole
    picture = filled[:, i].permute(1, 2, 0).mul(255).round().clamp(0, 255).to(torch.uint8).cpu().numpy()
    return Patch(hole, picture[hole], source[0, i].to(torch.int32).cpu().numpy()[hole])
