"""The first pass over a video to be masked: outlines on marked frames, cuts, and reduced frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from master_thesis.masking.outline import Outline
from master_thesis.video.cuts import CutDetector
from master_thesis.video.frame_store import ImageStore
from master_thesis.video.graphics import GraphicMasks
from master_thesis.video.io.orientation import to_displayed
from master_thesis.video.io.source import VideoSource
from master_thesis.video.mask_marks import MarkedFrames
from master_thesis.video.progress import with_progress

OUTLINED_WITH = (1, 2, 4)
"""Distances of the frames with which a marked one is compared, to see what moves on its own."""

FullMask = Bool[np.ndarray, "H W"]


@dataclass
class Found:
    """What is found in the frames of a video.

    Attributes:
        keys: masks of marked frames; None: the object is not visible.
        certainty: estimates of the overlap of these masks with the true ones, of the frames where it is below 1.
        cuts: frames that start a new scene.
        num_frames: of the video.
    """

    keys: dict[int, FullMask | None] = field(default_factory=dict)
    certainty: dict[int, float] = field(default_factory=dict)
    cuts: list[int] = field(default_factory=list)
    num_frames: int = 0

    def add(self, key: int, outline: Outline | None) -> None:
        """Takes what marks show on a frame."""
        self.keys[key] = None if outline is None else outline.mask
        if outline is not None and outline.certainty < 1:
            self.certainty[key] = outline.certainty


def look_through(video: VideoSource, marked: MarkedFrames, overlaid: GraphicMasks, frames: ImageStore) -> Found:
    """Decodes a video once.

    Args:
        video: the video.
        marked: what is marked in it.
        overlaid: looks for what lies over the picture.
        frames: takes the frames at its size, upright.

    Raises:
        UserError: the marks do not fit the frames.
    """
    found, detector = Found(), CutDetector()
    waiting: dict[int, UInt8[np.ndarray, "H W 3"]] = {}
    total = video.info.estimated_frames or None
    for number, frame in enumerate(with_progress(video.frames(), "looking through", total)):
        seen = to_displayed(frame.image, video.info.display_matrix)
        detector.add(seen)
        overlaid.look(number, seen)
        frames.append(_reduced(seen, frames))
        if number in marked.frames:
            waiting[number] = np.array(seen)
        for key in [key for key in waiting if key + max(OUTLINED_WITH) <= number]:
            found.add(key, _outlined(marked, key, waiting.pop(key), frames, detector.cuts()))
    found.cuts, found.num_frames = detector.cuts(), len(frames)
    marked.check_end(found.num_frames)
    for key, seen in waiting.items():
        found.add(key, _outlined(marked, key, seen, frames, found.cuts))
    overlaid.finish(found.num_frames, is_alone=not marked.frames)
    return found


def _reduced(seen: UInt8[np.ndarray, "H W 3"], frames: ImageStore) -> UInt8[np.ndarray, "h w 3"]:
    """A frame at the size of the stored ones."""
    return cv2.resize(np.ascontiguousarray(seen), frames.shape[1::-1], interpolation=cv2.INTER_AREA)


def outlined_with(key: int, is_there: Callable[[int], bool]) -> list[int]:
    """The frames that a marked frame is compared with: the next ones, or those before it if more of them are there."""
    ways = [[key + sign * step for step in OUTLINED_WITH if is_there(key + sign * step)] for sign in (1, -1)]
    return max(ways, key=len)


def _outlined(
    marked: MarkedFrames, key: int, seen: UInt8[np.ndarray, "H W 3"], frames: ImageStore, cuts: Sequence[int]
) -> Outline | None:
    """The outline in a marked frame, compared with the next frames of its scene, or with those before it at the end."""
    start = max([0, *(cut for cut in cuts if cut <= key)])
    stop = min([len(frames), *(cut for cut in cuts if cut > key)])
    return marked.outline_of(key, seen, [frames[t] for t in outlined_with(key, lambda t: start <= t < stop)])
