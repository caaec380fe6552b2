"""Filling a video window by window; what is in memory does not depend on its length."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from master_thesis.inpainting.algorithms import MAX_DISTANCE, SWEEPS, SubSequence, inpaint, outwards
from master_thesis.video.compositing import WorkingFrame, to_working
from master_thesis.video.io.masks import Masks
from master_thesis.video.patch_store import Patch, PatchFolder
from master_thesis.video.plan import Window


@dataclass(frozen=True)
class Filler:
    """An algorithm with its networks: what fills a window.

    Attributes:
        aligner: brings references onto targets.
        chn: copies and hallucinates.
        algorithm: ``ff``, ``ip`` or ``cp``.
        reach: how many frames around a frame it can be filled from.
        device: where the networks are.
        options: further arguments of :func:`inpaint`.
    """

    aligner: Any
    chn: Any
    algorithm: str
    reach: int
    device: torch.device
    options: dict[str, Any]

    @classmethod
    def of(cls, aligner: Any, chn: Any, algorithm: str, device: torch.device, **options: Any) -> Filler:
        """A filler whose reach follows from its options."""
        sweeps_reach = options.get("sweeps", SWEEPS) * options.get("spacing", 1)
        reach = sweeps_reach if algorithm == "cp" else options.get("max_distance", MAX_DISTANCE)
        return cls(aligner, chn, algorithm, reach, device, options)

    def worked_on(self, window: Window) -> range:
        """The frames of a window that are filled: the core, and with cp those behind it, which must pass on."""
        return range(window.core_start, window.stop) if self.algorithm == "cp" else window.core

    def try_pair(self, height: int, width: int) -> None:
        """Sends one pair through the networks, as a measure of time."""
        x, m = torch.rand(3, 1, height, width), torch.zeros(1, 1, height, width)
        m[..., 0, 0] = 1
        inpaint(x.to(self.device), m.to(self.device), self.aligner, self.chn, "ff")

    def fill(
        self,
        window: Window,
        frames: Sequence[WorkingFrame],
        past: dict[int, Patch],
        on_closed: Callable[[int], None] | None = None,
    ) -> dict[int, Patch]:
        """Fills the core of a window.

        Args:
            window: which frames.
            frames: those frames.
            past: what was filled in frames before the core; ip and cp go on from there, ff starts from the original.
            on_closed: is told how many frames were finished.
        """
        past = {} if self.algorithm == "ff" else past
        images, holes, source = _with_past(window, frames, past)
        result = inpaint(
            self._tensor(images).float().div(255),
            self._tensor(holes[..., None]).float(),
            self.aligner,
            self.chn,
            algorithm=self.algorithm,
            part=SubSequence(self._targets(window), window.start, self._tensor(source[..., None]), on_closed),
            **self.options,
        )
        return {n: _patch(result.frames, result.source, n - window.start, frames) for n in _open(window, frames)}

    def _targets(self, window: Window) -> list[int]:
        first, last = window.core_start - window.start, window.core_stop - window.start
        if self.algorithm == "cp":  # what is known comes from frame to frame: those behind the core must pass it on
            return list(range(len(window.numbers)))
        if self.algorithm == "ff":
            return list(range(first, last))
        if window.start == window.core_start:
            return [first + i for i in outwards(last - first)]
        return list(range(last))  # away from what is done, so that every frame goes on from the one before

    def _tensor(self, frames: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(frames.transpose(3, 0, 1, 2))).to(self.device)


def fill_windows(
    windows: Sequence[Window],
    masks: Masks,
    filler: Filler,
    folder: PatchFolder,
    on_closed: Callable[[int], None] | None = None,
) -> None:
    """Fills every window that is not yet done and keeps the result in ``folder``.

    Args:
        windows: in order.
        masks: the video with its masks.
        filler: the algorithm.
        folder: where results are kept; what is there already is not made again.
        on_closed: is told how many frames were finished.
    """
    past: dict[int, Patch] = {}
    for index, (window, frames) in enumerate(_read(windows, masks, folder)):
        past = {n: patch for n, patch in past.items() if n >= window.start}
        if frames is None:
            patches = folder.load(index)
        else:
            patches = filler.fill(window, frames, past, on_closed)
            folder.save(index, patches)
        past |= patches


def _read(
    windows: Sequence[Window], masks: Masks, folder: PatchFolder
) -> Iterator[tuple[Window, list[WorkingFrame] | None]]:
    """Every window with its frames; without them where it is done already."""
    played = enumerate(masks.pairs())
    held: dict[int, WorkingFrame] = {}
    for index, window in enumerate(windows):
        if folder.has(index):
            yield window, None
            continue
        held = {n: frame for n, frame in held.items() if n >= window.start}
        while window.stop - 1 not in held:
            number, (frame, mask) = next(played)
            if number >= window.start:
                held[number] = to_working(frame.image, mask, window.scene)
        yield window, [held[n] for n in window.numbers]


def _with_past(
    window: Window, frames: Sequence[WorkingFrame], past: dict[int, Patch]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pictures, holes and sources of a window in which the frames before its core are filled."""
    images, holes = np.stack([f.image for f in frames]), np.stack([f.hole for f in frames])
    source = np.broadcast_to(np.array(window.numbers, np.int32)[:, None, None], holes.shape).copy()
    for number, patch in past.items():
        i = number - window.start
        images[i][patch.hole] = patch.colours
        source[i][patch.hole] = patch.source
        holes[i] = False
    return images, holes, source


def _open(window: Window, frames: Sequence[WorkingFrame]) -> list[int]:
    return [n for n in window.core if frames[n - window.start].hole.any()]


def _patch(filled: Tensor, source: Tensor, i: int, frames: Sequence[WorkingFrame]) -> Patch:
    hole = frames[i].hole
    picture = filled[:, i].permute(1, 2, 0).mul(255).round().clamp(0, 255).to(torch.uint8).cpu().numpy()
    return Patch(hole, picture[hole], source[0, i].to(torch.int32).cpu().numpy()[hole])
