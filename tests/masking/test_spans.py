"""Frames depend on the key frames around them in their scene; both directions are blended."""

import threading
from dataclasses import dataclass, field

import numpy as np
import pytest

from master_thesis.masking.carrying import Carried
from master_thesis.masking.confidence import DOUBTFUL_BELOW, MOST
from master_thesis.masking.finishing import THRESHOLD, UNSURE
from master_thesis.masking.spans import AGREEMENT, FrameMask, Span, carry_span, limited, plan_spans

SIZE = (2, 3)
HERE = np.ones(SIZE, np.float32)


@dataclass
class Painter:
    """Gives every frame the value of the key frame that it is carried from, and notes the routes."""

    size: tuple[int, int] = SIZE
    routes: list[tuple[int, ...]] = field(default_factory=list)

    def carry(self, keys, route):
        self.routes.append(tuple(route))
        for frame in route[1:]:
            yield Carried(frame, np.full(SIZE, 0.1 if route[0] == 2 else 0.9, np.float32), 0.9)


@pytest.mark.parametrize(
    ("cuts", "keys", "expected"),
    [
        ([], [0], [(1, 8, (0,))]),
        ([], [4], [(0, 4, (4,)), (5, 8, (4,))]),
        ([], [7, 0], [(1, 7, (0, 7))]),
        ([4], [0, 6], [(1, 4, (0,)), (4, 6, (6,)), (7, 8, (6,))]),
        ([4], [1], [(0, 1, (1,)), (2, 4, (1,)), (4, 8, ())]),
    ],
)
def test_spans_lie_between_key_frames_and_cuts(cuts, keys, expected):
    assert [(s.start, s.stop, s.keys) for s in plan_spans(8, cuts, keys)] == expected


def test_every_other_frame_is_in_one_span():
    spans = plan_spans(50, [10, 30], [3, 4, 20, 49])
    frames = sorted([3, 4, 20, 49] + [t for s in spans for t in range(s.start, s.stop)])
    assert frames == list(range(50))


class Meeting(Painter):
    """Carries as long as all routes are followed at the same time."""

    def __init__(self, num_routes):
        super().__init__()
        self.meeting = threading.Barrier(num_routes)

    def carry(self, keys, route):
        for each in super().carry(keys, route):
            self.meeting.wait(timeout=5)
            yield each


def test_both_routes_are_followed_at_once():
    span, keys = Span(3, 9, 2, 9), {2: HERE, 9: HERE}
    one_by_one = list(carry_span(Painter(), keys, span))
    at_once = list(carry_span(Meeting(2), keys, span, at_once=True))
    assert [m.frame for m in at_once] == list(range(3, 9))
    for expected, found in zip(one_by_one, at_once, strict=True):
        assert (found.confidence, found.mask.tolist()) == (expected.confidence, expected.mask.tolist())


def test_masks_of_a_single_route_come_while_it_is_followed():
    carried = []

    class Noting(Painter):
        def carry(self, keys, route):
            return (each for each in super().carry(keys, route) if carried.append(each.frame) is None)

    masks = carry_span(Noting(), {2: HERE}, Span(3, 99, 2, None), at_once=True)
    assert next(masks).frame == 3
    masks.close()
    assert carried == [3, 4]


class TwoSides(Painter):
    """Gives every frame one mask from before and another from after."""

    def __init__(self, forth, back):
        super().__init__(forth.shape)
        self.forth, self.back = forth, back

    def carry(self, keys, route):
        self.routes.append(tuple(route))
        mask = self.forth if route[0] == 0 else self.back
        return (Carried(t, mask.astype(np.float32), 0.95) for t in route[1:])


def side(*parts):
    mask = np.zeros((60, 90), bool)
    for part in parts:
        mask[part] = True
    return mask


HERE_TOO, BESIDE, AWAY = np.s_[20:40, 10:30], np.s_[20:40, 30:32], np.s_[20:40, 50:80]


def test_the_nearer_key_frame_counts_more():
    painter = TwoSides(side(np.s_[20:40, 10:30]), side(np.s_[20:40, 11:31]))
    key = painter.forth.astype(np.float32)
    masks = list(carry_span(painter, {0: key, 4: key}, Span(1, 4, 0, 4)))
    assert painter.routes == [(0, 1, 2, 3), (4, 3, 2, 1)]
    assert [m.frame for m in masks] == [1, 2, 3]
    assert [float(m.mask[30, 10]) for m in masks] == pytest.approx([0.75, 0.5, 0.25], abs=1e-3)
    assert [float(m.mask[30, 30]) for m in masks] == pytest.approx([0.25, 0.5, 0.75], abs=1e-3)


def test_far_from_what_both_sides_agree_on_one_alone_is_unsure():
    painter = TwoSides(side(HERE_TOO), side(HERE_TOO, BESIDE, AWAY))
    key = side(HERE_TOO).astype(np.float32)
    mask = next(m for m in carry_span(painter, {0: key, 10: key}, Span(1, 10, 0, 10)) if m.frame == 5).mask
    assert mask[HERE_TOO].min() > THRESHOLD
    assert mask[BESIDE].min() > UNSURE
    assert mask[AWAY].max() == mask[AWAY].min() == pytest.approx(UNSURE)


def test_what_one_side_alone_follows_stays_if_the_mask_is_not_too_large():
    painter = TwoSides(side(HERE_TOO), side(HERE_TOO, AWAY))
    key = side(HERE_TOO, AWAY).astype(np.float32)
    mask = next(m for m in carry_span(painter, {0: key, 10: key}, Span(1, 10, 0, 10)) if m.frame == 5).mask
    assert mask[AWAY].min() > THRESHOLD


def test_where_both_sides_hardly_agree_either_is_followed():
    painter = TwoSides(side(HERE_TOO), side(np.s_[20:40, 26:30], AWAY))
    key = side(HERE_TOO).astype(np.float32)
    mask = next(m for m in carry_span(painter, {0: key, 10: key}, Span(1, 10, 0, 10)) if m.frame == 5).mask
    assert mask[HERE_TOO].min() > UNSURE
    assert mask[AWAY].min() > UNSURE


def test_the_side_that_is_trusted_more_counts_more():
    scattered = side(HERE_TOO, *(np.s_[50:52, x : x + 2] for x in range(0, 80, 4)))
    key = side(HERE_TOO).astype(np.float32)
    span, painter = Span(1, 10, 0, 10), TwoSides(scattered, side(HERE_TOO))
    mask = next(m for m in carry_span(painter, {0: key, 10: key}, span) if m.frame == 5).mask
    assert mask[HERE_TOO].min() == pytest.approx(1)
    assert 0.1 < mask[51, 1] < 0.45
    assert mask[51, 3] == 0


def unsure_sides():
    """Of two parts, either side is sure of another one; the other it half mistakes for the object."""
    left, right = np.s_[10:30, 5:25], np.s_[10:30, 65:85]
    forth, back = 0.95 * side(left), 0.95 * side(right)
    forth[right] = back[left] = 0.3
    return left, right, TwoSides(forth, back)


@pytest.mark.parametrize("is_large", [True, False])
def test_where_masks_are_too_large_the_side_that_is_sure_is_followed(is_large):
    left, right, painter = unsure_sides()
    key = side(left).astype(np.float32) if is_large else side(left, right, np.s_[40:50, 5:25]).astype(np.float32)
    mask = next(m for m in carry_span(painter, {0: key, 10: key}, Span(1, 10, 0, 10)) if m.frame == 5).mask
    for part in (left, right):
        assert mask[part].mean() == pytest.approx(0.85 if is_large else 0.625, abs=0.05)


def test_what_may_be_object_by_a_side_that_is_unsure_stays_unsure():
    beside, right = np.s_[10:30, 61:65], np.s_[10:30, 65:85]
    forth, back = (0.99 * side(right) + p * side(beside) for p in (0.01, 0.6))
    painter, key = TwoSides(forth, back), side(np.s_[10:30, 65:80]).astype(np.float32)
    mask = next(m for m in carry_span(painter, {0: key, 10: key}, Span(1, 10, 0, 10)) if m.frame == 5).mask
    assert mask[beside] == pytest.approx(UNSURE, abs=0.02)


def test_a_side_on_which_the_object_became_smaller_counts_less():
    painter = TwoSides(side(HERE_TOO), side(BESIDE))
    keys = {0: side(np.s_[10:50, 10:50]).astype(np.float32), 10: side(BESIDE).astype(np.float32)}
    mask = next(m for m in carry_span(painter, keys, Span(1, 10, 0, 10)) if m.frame == 5).mask
    assert mask[HERE_TOO].max() < 0.3
    assert mask[BESIDE].min() > 0.7


WEIGHTS = [AGREEMENT * min(t, 10 - t) / 10 for t in range(1, 10)]


def test_masks_on_which_both_directions_agree_are_trusted_more():
    class Apart(Painter):
        def carry(self, keys, route):
            column = 2 if self.apart and route[0] == 10 else 0
            here = np.zeros(SIZE, np.float32)
            here[:, column] = 1
            return (Carried(t, here, 0.95) for t in route[1:])

    def confidence(apart):
        Apart.apart = apart
        key = np.zeros(SIZE, np.float32)
        key[:, 0] = 1
        return [m.confidence for m in carry_span(Apart(), {0: key, 10: key}, Span(1, 10, 0, 10))]

    assert confidence(False) == pytest.approx([MOST + (1 - MOST) * w for w in WEIGHTS])
    assert confidence(True) == pytest.approx([MOST - MOST * w for w in WEIGHTS])


def test_an_object_that_is_gone_is_carried_from_the_other_side_alone():
    painter = Painter()
    forth = list(carry_span(painter, {2: HERE, 6: None}, Span(3, 6, 2, 6)))
    back = list(carry_span(painter, {6: HERE}, Span(0, 6, None, 6)))
    assert painter.routes == [(2, 3, 4, 5), (6, 5, 4, 3, 2, 1, 0)]
    assert (forth[-1].mask[0, 0], back[0].mask[0, 0]) == pytest.approx((0.1, 0.9), abs=1e-3)


def test_after_it_is_gone_nothing_is_carried():
    painter = Painter()
    masks = list(carry_span(painter, {2: None, 6: HERE}, Span(3, 6, 2, 6)))
    assert painter.routes == []
    assert all(m.confidence == 1 and not m.mask.any() for m in masks)


def test_a_scene_without_a_key_frame_is_empty_and_doubtful():
    masks = list(carry_span(Painter(), {}, Span(3, 6, None, None)))
    assert all(m.confidence < DOUBTFUL_BELOW and not m.mask.any() for m in masks)
    assert len(masks) == 3


def test_on_one_side_the_next_key_frame_is_compared_with_too():
    spans = plan_spans(9, [], [2, 4, 6])
    assert [s.keys for s in spans] == [(2, 4), (2, 4), (4, 6), (6, 4)]


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (Span(1, 10, 0, 10), [0.4, 0.4, 0.9, 0.9]),
        (Span(1, 10, 0, None), [0.4, 0.4, 0.4, 0.4]),
        (Span(1, 10, None, 10), [0.9, 0.9, 0.9, 0.9]),
        (Span(1, 10, None, None), [0.9, 0.9, 0.9, 0.9]),
    ],
)
def test_masks_are_trusted_no_more_than_the_outline_in_the_nearest_key_frame(span, expected):
    masks = [limited(FrameMask(frame, HERE, 0.9), span, {0: 0.4}) for frame in (1, 4, 6, 9)]
    assert [mask.confidence for mask in masks] == expected
