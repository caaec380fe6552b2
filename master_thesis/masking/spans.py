"""The frames between key frames: which of these they depend on, and their masks.

Masks are carried from both sides and blended by distance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from master_thesis.masking.carrying import Carried, SoftMask, Tracker, overlap

DOUBTFUL_BELOW = 0.7
"""Frames with less confidence are doubtful."""
NO_KEY = 0.0
"""Confidence in a scene in which no frame is marked."""


@dataclass(frozen=True)
class Span:
    """Frames in a row, none of them a key frame.

    Attributes:
        start: the first one.
        stop: the one after the last one.
        before: the key frame right before ``start``; None: there is none in the scene.
        after: the key frame at ``stop``; None: there is none in the scene.
    """

    start: int
    stop: int
    before: int | None
    after: int | None

    @property
    def keys(self) -> tuple[int, ...]:
        """The key frames that these frames depend on."""
        return tuple(key for key in (self.before, self.after) if key is not None)


@dataclass(frozen=True)
class FrameMask:
    """The mask of a frame.

    Attributes:
        frame: number of the frame.
        mask: soft mask.
        confidence: how far to trust it, in [0, 1].
    """

    frame: int
    mask: SoftMask
    confidence: float


def plan_spans(num_frames: int, cuts: Sequence[int], keys: Sequence[int]) -> list[Span]:
    """The frames between key frames; none reaches across a cut.

    Args:
        num_frames: of the video.
        cuts: frames that start a new scene.
        keys: the key frames.

    >>> [(span.start, span.stop, span.keys) for span in plan_spans(10, [6], [2, 5])]
    [(0, 2, (2,)), (3, 5, (2, 5)), (6, 10, ())]
    """
    found, bounds = [], [0, *cuts, num_frames]
    for start, stop in pairwise(bounds):
        inside = sorted(key for key in keys if start <= key < stop)
        befores, afters = [None, *inside], [*inside, None]
        for before, after in zip(befores, afters, strict=True):
            first, end = start if before is None else before + 1, stop if after is None else after
            if first < end:
                found.append(Span(first, end, before, after))
    return found


def carry_span(carrier: Tracker, keys: Mapping[int, SoftMask | None], span: Span) -> Iterator[FrameMask]:
    """The masks of the frames of a span; those of the way forth are kept until the way back reaches them.

    Args:
        carrier: carries masks.
        keys: soft masks of the key frames; None: the object is gone from there on.
        span: the frames.
    """
    frames = range(span.start, span.stop)
    masks = {key: keys[key] for key in span.keys}
    present = {key: mask for key, mask in masks.items() if mask is not None}
    starts_gone = span.before is not None and span.before not in present
    if starts_gone or not present:
        empty = np.zeros(carrier.size, np.float32)
        yield from (FrameMask(t, empty, 1.0 if starts_gone else NO_KEY) for t in frames)
        return
    known = {key: np.zeros(carrier.size, np.float32) if mask is None else mask for key, mask in masks.items()}
    forth: dict[int, Carried] = {}
    back: dict[int, Carried] = {}
    if span.before is not None:
        forth = {c.frame: c for c in carrier.carry(known, [span.before, *frames])}
    if span.after in present:
        back = {c.frame: c for c in carrier.carry(known, [span.after, *reversed(frames)])}
    for t in frames:
        yield _blended(t, span, forth.get(t), back.get(t))


def _blended(frame: int, span: Span, forth: Carried | None, back: Carried | None) -> FrameMask:
    """The mask of a frame from one or both sides."""
    one = forth or back
    assert one is not None, "a span has a key frame with the object"
    if forth is None or back is None or span.before is None or span.after is None:
        return FrameMask(frame, one.mask, confidence([one]))
    share = np.float32((frame - span.before) / (span.after - span.before))
    mask = (1 - share) * forth.mask + share * back.mask
    near, far = (forth, back) if share <= 0.5 else (back, forth)
    return FrameMask(frame, mask, confidence([near, far], overlap(forth.mask, back.mask)))


def confidence(carried: Sequence[Carried], agreement: float = 1.0) -> float:
    """How far to trust a mask, in [0, 1].

    Args:
        carried: the masks that it was made from, the one from the nearer key frame first.
        agreement: overlap of the two directions.
    """
    returned = carried[0].returned
    return float(returned if len(carried) == 1 else max(agreement, min(returned, carried[1].returned) * agreement))
