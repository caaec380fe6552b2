"""One pass over a video and its masks that finds out everything the work is planned by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool

from master_thesis.errors import UserError
from master_thesis.video.cuts import CutDetector
from master_thesis.video.io.masks import Masks, MaskTally
from master_thesis.video.io.source import VideoInfo
from master_thesis.video.plan import Box


@dataclass
class Survey:
    """What is known of a video and its masks; a few numbers per frame.

    Attributes:
        info: what the file says of itself.
        tally: how frames and masks were paired.
        hole_percent: the hole's share of every frame.
        boxes: where the hole of every frame lies; None: it has none.
        cuts: numbers of the frames that start a new scene.
        last_pts: when the last frame is shown, in ticks.
        error: why the pass ended early; empty: it did not.
    """

    info: VideoInfo
    tally: MaskTally = field(default_factory=MaskTally)
    hole_percent: list[float] = field(default_factory=list)
    boxes: list[Box | None] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    last_pts: int = 0
    error: str = ""

    @property
    def num_frames(self) -> int:
        """Frames that could be read."""
        return len(self.boxes)

    @property
    def has_hole(self) -> list[bool]:
        """Whether each frame has anything to fill."""
        return [box is not None for box in self.boxes]


def survey(masks: Masks, on_frame: Callable[[int], None] | None = None) -> Survey:
    """Plays a video with its masks once; damage ends the pass and is noted, not raised.

    Args:
        masks: the video with its masks.
        on_frame: is told after every frame how many there should be; 0: nobody knows.
    """
    found, detector = Survey(masks.video.info), CutDetector()
    try:
        for frame, mask in masks.pairs(found.tally):
            detector.watch(frame.image)
            found.boxes.append(bounding_box(mask))
            found.last_pts = frame.pts
            found.hole_percent.append(float(mask.mean()) * 100)
            if on_frame:
                on_frame(found.info.estimated_frames or len(found.info.names))
    except UserError as error:
        found.error = str(error)
    found.cuts = detector.cuts()
    return found


def bounding_box(mask: Bool[np.ndarray, "H W"]) -> Box | None:
    """The smallest box around a hole; None where there is none."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return None
    return Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
