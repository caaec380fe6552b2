"""What the network does not find of an object moves with the rest of it, as what is unsure."""

import numpy as np
import pytest

from master_thesis.masking.finishing import THRESHOLD, UNSURE
from master_thesis.masking.lost import LostPart, with_lost

SIZE = (120, 200)


def body(left, size=30):
    mask = np.zeros(SIZE, np.float32)
    mask[60 : 60 + size, left : left + size] = 1
    return mask


def rope(left, length=50):
    mask = np.zeros(SIZE, np.float32)
    mask[60 - length : 60, left : left + 3] = 1
    return mask


KEY = body(40) + rope(54)


def test_the_lost_part_moves_and_grows_with_the_rest():
    part = LostPart.of(0, KEY, body(40))
    assert part.lost.sum() == 3 * 46, "what lies near the rest is removed with it"
    moved = part.at(10, body(90))
    assert moved[20:56, 104:107].all()
    assert not moved[:, :98].any()
    assert not moved[:, 113:].any()
    larger = part.at(10, body(90, 60))
    assert larger.any(axis=0).sum() > moved.any(axis=0).sum()
    assert (moved[0].any(), larger[0].any()) == (False, True)


def test_it_is_wider_the_further_the_key_frame_is_away():
    part = LostPart.of(20, KEY, body(40))
    areas = [part.at(frame, body(90)).sum() for frame in (20, 30, 40)]
    assert areas == sorted(areas)
    assert areas[0] < areas[2]
    assert part.at(10, body(90)).sum() == areas[1]


def test_it_is_unsure_and_the_rest_stays():
    mask = with_lost(5, body(90), [LostPart.of(0, KEY, body(40))])
    assert mask[30, 105] == pytest.approx(UNSURE)
    assert mask[30, 105] < THRESHOLD
    assert (mask[body(90) > 0] == 1).all()


@pytest.mark.parametrize(
    "found",
    [pytest.param(KEY, id="nothing"), pytest.param(KEY - rope(54, 10), id="little"), pytest.param(0 * KEY, id="all")],
)
def test_few_pixels_are_errors_of_the_outline_and_all_of_them_say_nothing(found):
    mask = body(90)
    assert (with_lost(5, mask, [LostPart.of(0, KEY, found)]) == mask).all()


def test_the_nearest_key_frame_says_what_is_lost():
    parts = [LostPart.of(0, KEY, body(40)), LostPart.of(20, body(40), body(40))]
    assert with_lost(8, body(90), parts)[30, 105] > 0
    assert with_lost(12, body(90), parts)[30, 105] == 0


def test_where_there_is_no_mask_nothing_is_lost():
    nothing = np.zeros(SIZE, np.float32)
    assert not with_lost(5, nothing, [LostPart.of(0, KEY, body(40))]).any()
