"""Putting the filled holes back into the frames of the video."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int32, UInt8

from master_thesis.video.compositing import KNOWN, paste, source_map
from master_thesis.video.io.masks import Masks
from master_thesis.video.patch_store import Patch, PatchFolder
from master_thesis.video.plan import Window


@dataclass(frozen=True)
class FinishedFrame:
    """One frame of the result.

    Attributes:
        number: of the frame.
        pts: when it is shown, in ticks.
        before: as it was.
        after: with its hole filled.
        hole: what was filled.
        source: number of the frame that each pixel shows, ``HALLUCINATED`` or ``KNOWN``.
    """

    number: int
    pts: int
    before: UInt8[np.ndarray, "H W 3"]
    after: UInt8[np.ndarray, "H W 3"]
    hole: Bool[np.ndarray, "H W"]
    source: Int32[np.ndarray, "H W"]


def finished_frames(
    masks: Masks, windows: Sequence[Window], folder: PatchFolder, feather: int
) -> Iterator[FinishedFrame]:
    """Plays the result.

    Args:
        masks: the video with its masks.
        windows: all of them, in order, done.
        folder: what was filled.
        feather: width of a soft seam inside the hole, in pixels.
    """
    patches: dict[int, Patch] = {}
    coming = iter(enumerate(windows))
    index, window = next(coming, (0, None))
    for number, (frame, mask) in enumerate(masks.pairs()):
        while window is not None and number >= window.core_stop:
            index, window = next(coming, (0, None))
            patches = {}
        if window is not None and number == window.core_start:
            patches = folder.load(index)
        patch = patches.get(number)
        if window is None or patch is None:
            nowhere = np.full(mask.shape, KNOWN, np.int32)
            yield FinishedFrame(number, frame.pts, frame.image, frame.image, mask, nowhere)
            continue
        after = paste(frame.image, mask, window.scene, patch, feather)
        yield FinishedFrame(number, frame.pts, frame.image, after, mask, source_map(mask, window.scene, patch))
