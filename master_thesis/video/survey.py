"""One pass over a video and its masks that measures everything the work is planned by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool

from master_thesis.errors import UserError
from master_thesis.ops.mask import window_of
from master_thesis.video.cuts import CutDetector
from master_thesis.video.io.masks import MaskTally, Pairs
from master_thesis.video.io.source import VideoInfo
from master_thesis.video.progress import with_progress


@dataclass(frozen=True)
class Box:
    """A rectangle of pixels, ``[top, bottom) x [left, right)``."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.bottom - self.top, self.right - self.left

    def union(self, other: Box) -> Box:
        """The smallest box around both."""
        return Box(
            min(self.top, other.top),
            min(self.left, other.left),
            max(self.bottom, other.bottom),
            max(self.right, other.right),
        )


@dataclass
class Survey:
    """What one pass over a video and its masks finds; a few numbers per frame.

    Attributes:
        info: what the headers of the video say.
        tally: how frames and masks were paired.
        hole_percent: the hole's share of every frame.
        boxes: the box around the hole of every frame; None: no hole.
        cuts: numbers of the frames that start a new scene.
        last_pts: presentation time of the last frame, in ticks.
        last_length: how long it is shown, in ticks; 0: not known.
        held: numbers of damaged frames, for which the frame before is shown.
        bridged: numbers of damaged frames that are made from those around them.
        is_transparent: whether any pixel is.
        error: why the pass ended early; empty if it did not.
    """

    info: VideoInfo
    tally: MaskTally = field(default_factory=MaskTally)
    hole_percent: list[float] = field(default_factory=list)
    boxes: list[Box | None] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    last_pts: int = 0
    last_length: int = 0
    held: list[int] = field(default_factory=list)
    bridged: list[int] = field(default_factory=list)
    is_transparent: bool = False
    error: str = ""

    @property
    def num_frames(self) -> int:
        """Number of frames that could be read."""
        return len(self.boxes)

    @property
    def has_hole(self) -> list[bool]:
        """Whether each frame has a hole."""
        return [box is not None for box in self.boxes]


def survey(masks: Pairs, watch: Callable[[np.ndarray, np.ndarray], None] | None = None) -> Survey:
    """Decodes a video with its masks once; damage ends the pass and is noted in the result, not raised.

    Args:
        masks: the video with its masks.
        watch: called with every frame and its hole.
    """
    found, detector = Survey(masks.video.info), CutDetector()
    pairs = masks.pairs(found.tally)
    try:
        for frame, mask in with_progress(pairs, "examining", found.info.estimated_frames or None):
            if watch is not None:
                watch(frame.image, mask)
            detector.add(frame.image)
            found.boxes.append(bounding_box(mask))
            found.last_pts, found.last_length = frame.pts, frame.length
            found.held += [found.num_frames - 1] if frame.is_held else []
            found.bridged += [found.num_frames - 1] if frame.is_bridged else []
            found.is_transparent |= frame.alpha is not None and bool((frame.alpha < 255).any())
            found.hole_percent.append(float(mask.mean()) * 100)
    except UserError as error:
        found.error = str(error)
    found.cuts = detector.cuts()
    return found


def bounding_box(mask: Bool[np.ndarray, "H W"]) -> Box | None:
    """The smallest box around a hole; None if there is no hole."""
    window = window_of(mask)
    if window is None:
        return None
    rows, columns = window
    return Box(rows.start, columns.start, rows.stop, columns.stop)
