"""Puts pictures between their neighbours in place of damaged frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import UInt8

from master_thesis.models.classical.flow import dense_flow
from master_thesis.ops.pixels import pixel_positions, sample_at
from master_thesis.video.io.source import TimedFrame

MAX_RUN = 8
"""Longest run of damaged frames that is bridged; their neighbours show too different things across longer ones."""
MAX_DIFFERENCE = 16.0
"""Largest mean difference, of 255, between what both neighbours make of a picture; across a cut they disagree."""


def bridged(frames: Iterator[TimedFrame]) -> Iterator[TimedFrame]:
    """Replaces held frames between two others by pictures between these; the rest stays as it is."""
    last: TimedFrame | None = None
    waiting: list[TimedFrame] = []
    for frame in frames:
        if frame.is_held and last is not None:
            waiting.append(frame)
            if len(waiting) > MAX_RUN:
                yield from waiting
                last, waiting = None, []
        else:
            yield from _bridge(last, waiting, frame)
            yield frame
            last, waiting = None if frame.is_held else frame, []
    yield from waiting


def _bridge(before: TimedFrame | None, held: Sequence[TimedFrame], after: TimedFrame) -> Iterator[TimedFrame]:
    """The pictures of a run of damaged frames; the frames themselves where the neighbours show different things."""
    if before is None or not held:
        return
    pictures = between(before.image, after.image, [_share(frame, before, after) for frame in held])
    for i, frame in enumerate(held):
        if pictures is None:
            yield frame
        else:
            yield replace(frame, image=pictures[i], native=None, is_held=False, is_bridged=True)


def _share(frame: TimedFrame, before: TimedFrame, after: TimedFrame) -> float:
    return (frame.pts - before.pts) / (after.pts - before.pts)


def between(
    before: UInt8[np.ndarray, "H W 3"], after: UInt8[np.ndarray, "H W 3"], shares: Sequence[float]
) -> list[UInt8[np.ndarray, "H W 3"]] | None:
    """Pictures between two others along their optical flow; None if the two do not show the same scene.

    Args:
        before: the picture at 0.
        after: the picture at 1.
        shares: where the pictures are, in (0, 1).
    """
    greys = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (before, after)]
    forward, backward = dense_flow(greys[0], greys[1]), dense_flow(greys[1], greys[0])
    made = []
    for share in shares:
        first, second = _moved(before, share * backward), _moved(after, (1 - share) * forward)
        if np.abs(first - second).mean() > MAX_DIFFERENCE:
            return None
        made.append(np.rint((1 - share) * first + share * second).astype(np.uint8))
    return made


def _moved(picture: np.ndarray, flow: np.ndarray) -> np.ndarray:
    height, width = picture.shape[:2]
    points = (pixel_positions(height, width) + flow).reshape(-1, 2)
    return sample_at(picture.astype(np.float32), points).reshape(height, width, 3)
