"""Puts the filled holes back into the frames of the video."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Int32, UInt8, UInt16

from master_thesis.video.compositing import KNOWN, paste, source_map
from master_thesis.video.io.masks import Pairs
from master_thesis.video.patch_store import Patch, PatchFolder
from master_thesis.video.plan import Scene, Window
from master_thesis.video.provenance import FrameOrigin, frame_origin, overlay_picture


@dataclass(frozen=True)
class FinishedFrame:
    """One frame of the result. What sinks derive from it is computed once, when the first of them needs it.

    Attributes:
        number: of the frame.
        pts: presentation time, in ticks.
        seconds: presentation time, in seconds.
        before: the frame of the video.
        after: the frame with its hole filled.
        source: number of the frame that each pixel shows, ``HALLUCINATED`` or ``KNOWN``.
        native: the frame as the video stores it, if it does so in YUV.
        length: how long it is shown, in ticks; 0: not known.
        fine: ``after`` in 16 bits, if its hole was filled so.
    """

    number: int
    pts: int
    seconds: float
    before: UInt8[np.ndarray, "H W 3"]
    after: UInt8[np.ndarray, "H W 3"]
    source: Int32[np.ndarray, "H W"]
    native: Any = None
    length: int = 0
    fine: UInt16[np.ndarray, "H W 3"] | None = None

    @cached_property
    def overlay(self) -> UInt8[np.ndarray, "H W 3"]:
        """The frame in grey, with its hole coloured by origin."""
        return overlay_picture(self.before, self.source, self.number)

    @cached_property
    def origin(self) -> FrameOrigin:
        """Where its pixels came from, in figures."""
        return frame_origin(self.source, self.number, self.seconds)


def finished_frames(
    masks: Pairs, windows: Sequence[Window], folder: PatchFolder, feather: int
) -> Iterator[FinishedFrame]:
    """Yields the frames of the result.

    Args:
        masks: the video with its masks.
        windows: all windows, in order.
        folder: their patches.
        feather: width of the soft seam inside the hole, in pixels.
    """
    time_base = masks.video.info.timing.time_base
    starts = {window.core_start: (index, window.scene) for index, window in enumerate(windows)}
    patches: dict[int, tuple[Scene, Patch]] = {}
    for number, (frame, mask) in enumerate(masks.pairs()):
        if number in starts:
            index, scene = starts[number]
            patches = {n: (scene, patch) for n, patch in folder.load(index).items()}
        fine = None
        if number in patches:
            scene, patch = patches[number]
            if patch.fine is not None:
                fine = paste(frame.fine_image(), mask, scene, patch, feather)
            after, source = paste(frame.image, mask, scene, patch, feather), source_map(mask, scene, patch)
        else:
            after, source = frame.image, np.full(mask.shape, KNOWN, np.int32)
        seconds = float(frame.pts * time_base)
        stored = (frame.native, frame.length, fine)
        yield FinishedFrame(number, frame.pts, seconds, frame.image, after, source, *stored)
