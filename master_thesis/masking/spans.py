"""The frames between key frames: which of these they depend on, and their masks.

Masks are carried from both sides and blended by distance, by the confidence in either side, and by how sure either is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np
from jaxtyping import Bool

from master_thesis.masking.carrying import SoftMask, Tracker, overlap
from master_thesis.masking.confidence import Judge
from master_thesis.masking.finishing import THRESHOLD, UNSURE
from master_thesis.runtime.ahead import together

NO_KEY = 0.0
"""Confidence in a scene in which no frame is marked."""
NEAR, NEAR_PX = 0.1, 4
"""How far from what both sides agree on one alone is followed: as a share of the square root of that area, and more."""
AGREEMENT = 0.5
"""How much overlap of both sides counts for the confidence: they also agree on what both miss."""
PATCH_PX, VARIANCE = 31, np.float32(0.0025)
"""Where masks are unsure: a patch, and the mean variance of its pixels that is none."""
MIN_AGREED = 1 / 3
"""Where both sides agree on a smaller share of the area of key frames, neither is limited."""


@dataclass(frozen=True)
class Span:
    """Frames in a row, none of them a key frame.

    Attributes:
        start: the first one.
        stop: the one after the last one.
        before: the key frame right before ``start``; None: there is none in the scene.
        after: the key frame at ``stop``; None: there is none in the scene.
        further: where there is a key frame on one side alone, the next one behind it, for comparison; None: none.
    """

    start: int
    stop: int
    before: int | None
    after: int | None
    further: int | None = None

    @property
    def keys(self) -> tuple[int, ...]:
        """The key frames that these frames depend on."""
        return tuple(key for key in (self.before, self.after, self.further) if key is not None)


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
    [(0, 2, (2, 5)), (3, 5, (2, 5)), (6, 10, ())]
    """
    found, bounds = [], [0, *cuts, num_frames]
    for start, stop in pairwise(bounds):
        inside = sorted(key for key in keys if start <= key < stop)
        befores, afters = [None, *inside], [*inside, None]
        for before, after in zip(befores, afters, strict=True):
            first, end = start if before is None else before + 1, stop if after is None else after
            behind = inside[1:2] if before is None else inside[-2:-1] if after is None else []
            if first < end:
                found.append(Span(first, end, before, after, *behind))
    return found


def routes_of(span: Span, keys: Mapping[int, SoftMask | None]) -> dict[int | None, list[int]]:
    """The routes along which masks are carried through a span, by the key frame that they start from.

    Args:
        span: the frames.
        keys: masks of the key frames; None: the object is gone from there on.

    >>> mask = np.ones((2, 2), np.float32)
    >>> routes_of(Span(3, 5, 2, 5), {2: mask, 5: mask}), routes_of(Span(3, 5, 2, 5), {2: None, 5: mask})
    ({2: [2, 3, 4], 5: [5, 4, 3]}, {})
    """
    frames = range(span.start, span.stop)
    if span.before is not None and keys[span.before] is None:
        return {}
    ways = {span.before: frames, span.after: reversed(frames)}
    return {key: [key, *way] for key, way in ways.items() if key is not None and keys[key] is not None}


def carry_span(
    carrier: Tracker, keys: Mapping[int, SoftMask | None], span: Span, at_once: bool = False
) -> Iterator[FrameMask]:
    """The masks of the frames of a span, each as soon as all routes have reached it.

    Args:
        carrier: carries masks.
        keys: soft masks of the key frames; None: the object is gone from there on.
        span: the frames.
        at_once: follow all routes at once, by one thread each.
    """
    frames = range(span.start, span.stop)
    empty = np.zeros(carrier.size, np.float32)
    routes = routes_of(span, keys)
    if not routes:
        is_gone = span.before is not None and keys[span.before] is None
        yield from (FrameMask(t, empty, 1.0 if is_gone else NO_KEY) for t in frames)
        return
    masks = {key: keys[key] for key in span.keys}
    known = {key: empty if mask is None else mask for key, mask in masks.items()}
    areas = {key: float(mask.sum()) for key, mask in known.items()}
    ways = [_along(carrier, known, route) for route in routes.values()]
    reached = together(*ways) if at_once else zip(*map(list, ways), strict=True)
    yield from _joined(span, list(routes), reached, areas)


def limited(each: FrameMask, span: Span, certainty: Mapping[int, float]) -> FrameMask:
    """A mask that is trusted no more than the outline in the nearest key frame, whose mistakes are carried faithfully.

    Args:
        each: the mask of a frame.
        span: the frames that it belongs to.
        certainty: by key frame, an estimate of the overlap with the true mask; 1 where there is none.
    """
    sides = [key for key in (span.before, span.after) if key is not None]
    nearest = min(sides, key=lambda key: abs(key - each.frame), default=None)
    most = 1.0 if nearest is None else certainty.get(nearest, 1.0)
    return replace(each, confidence=min(each.confidence, most))


def _along(carrier: Tracker, keys: Mapping[int, SoftMask], route: Sequence[int]) -> Iterator[FrameMask]:
    """The masks that are carried along a route."""
    judge = Judge(keys[route[0]])
    for each in carrier.carry(keys, route):
        yield FrameMask(each.frame, each.mask.astype(np.float16), judge.rate(each))


def _joined(
    span: Span, starts: Sequence[int | None], reached: Iterable[tuple[FrameMask, ...]], areas: Mapping[int, float]
) -> Iterator[FrameMask]:
    """The masks of the frames of a span, from what is carried along routes from some key frames."""
    found, t = {key: dict[int, FrameMask]() for key in (span.before, span.after)}, span.start
    for masks in reached:
        for key, each in zip(starts, masks, strict=True):
            found[key][each.frame] = each
        while all(t in found[key] for key in starts):
            forth, back = (side.pop(t, None) for side in found.values())
            yield _blended(t, span, forth, back, areas)
            t += 1


def _blended(
    frame: int, span: Span, forth: FrameMask | None, back: FrameMask | None, areas: Mapping[int, float]
) -> FrameMask:
    """The mask of a frame from one or both sides; where they are followed, their overlap is part of the confidence."""
    one = forth or back
    assert one is not None, "a span has a key frame with the object"
    if forth is None or back is None or span.before is None or span.after is None:
        return FrameMask(frame, one.mask.astype(np.float32), one.confidence)
    share, expected = (frame - span.before) / (span.after - span.before), float(np.mean(list(areas.values())))
    weights = ((1 - share) * _exactness(forth, areas[span.before]), share * _exactness(back, areas[span.after]))
    masks = [each.mask.astype(np.float32) for each in (forth, back)]
    mask, near = _mean(masks, weights), np.ones(forth.mask.shape, bool)
    if (mask > THRESHOLD).sum() > expected:
        near = _near((forth.mask > 0.5) & (back.mask > 0.5), expected)
        mask = np.maximum(_mean(masks, _trusts(masks, weights)), mask.clip(None, UNSURE))
    blended = (1 - share) * forth.confidence + share * back.confidence
    # Beside a key frame, the mask that comes from afar says little.
    weight = AGREEMENT * min(share, 1 - share)
    confidence = (1 - weight) * blended + weight * overlap(near * forth.mask, near * back.mask)
    return FrameMask(frame, np.where(near, mask, np.minimum(mask, np.float32(UNSURE))), confidence)


def _mean(masks: Sequence[SoftMask], weights: Sequence[SoftMask | np.float32]) -> SoftMask:
    """The weighted mean of two masks."""
    one, other = weights
    return (one * masks[0] + other * masks[1]) / (one + other)


def _trusts(masks: Sequence[SoftMask], weights: Sequence[np.float32]) -> list[SoftMask]:
    """Weights of masks for every pixel: less where a mask is unsure of what is around."""
    patch = (PATCH_PX, PATCH_PX)
    return [w / (cv2.blur(m * (1 - m), patch) + VARIANCE) for w, m in zip(weights, masks, strict=True)]


def _exactness(each: FrameMask, area: float) -> np.float32:
    """How much a mask counts that was carried from a key frame of some area: less where it became smaller than that."""
    return np.float32(each.confidence * min((each.mask > 0.5).sum() / max(area, 1), 1) + 1e-6)


def _near(agreed: Bool[np.ndarray, "H W"], expected: float) -> Bool[np.ndarray, "H W"]:
    """What is not far from what both sides agree on; everything if that is too little."""
    area = int(agreed.sum())
    if area <= MIN_AGREED * expected:
        return np.ones_like(agreed)
    distance = cv2.distanceTransform((~agreed).astype(np.uint8), cv2.DIST_L2, 5)
    return distance < NEAR * area**0.5 + NEAR_PX
