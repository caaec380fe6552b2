"""Signs of mistakes lower the confidence; an object that comes closer is none."""

import numpy as np
import pytest

from master_thesis.masking.carrying import Carried
from master_thesis.masking.confidence import DOUBTFUL_BELOW, MOST, Judge

SIZE = (40, 60)


def block(height, width, value=1.0):
    mask = np.zeros(SIZE, np.float32)
    mask[:height, :width] = value
    return mask


KEY = block(20, 20)


def rated(*masks, returned=0.95):
    judge = Judge(KEY)
    return [judge.rate(Carried(t, mask, returned)) for t, mask in enumerate(masks)]


def test_a_mask_like_that_of_the_key_frame_is_trusted_however_far_away():
    assert rated(*[KEY] * 200) == pytest.approx([MOST] * 200)


@pytest.mark.parametrize(
    "mask",
    [
        pytest.param(block(5, 20), id="most is lost"),
        pytest.param(0 * KEY, id="all is lost"),
        pytest.param(KEY + np.tile([[0, 0], [0, 1]], (20, 30)) * (np.arange(60) > 24), id="many specks"),
    ],
)
def test_signs_of_mistakes_make_a_frame_doubtful(mask):
    assert rated(mask.astype(np.float32))[0] < DOUBTFUL_BELOW


def test_what_does_not_return_is_doubtful_although_it_looks_well():
    for returned in (0.1, 0.3):
        assert rated(KEY, KEY, returned=returned)[-1] < DOUBTFUL_BELOW < rated(KEY, returned=0.8)[0]


def test_a_shape_that_the_network_does_not_hold_is_doubtful_from_the_start():
    judge = Judge(KEY)
    ropes = [judge.rate(Carried(t, KEY, returned)) for t, returned in enumerate((0.45, 0.4, 0.45))]
    assert max(ropes) < DOUBTFUL_BELOW
    judge = Judge(KEY)
    lost = [judge.rate(Carried(t, KEY, returned)) for t, returned in enumerate((0.95, 0.55, 0.6))]
    assert min(lost) > 0.9, "it returned once, and what is lost on the way shows in the masks"


def test_what_the_network_does_not_hold_counts_more_when_the_rest_becomes_smaller():
    half = block(20, 10)
    ropes, all_held = (Judge(KEY).rate(Carried(1, half, returned)) for returned in (0.7, 0.95))
    alone = Judge(KEY).rate(Carried(1, KEY, 0.7))
    assert ropes < alone - (rated(KEY)[0] - all_held) - 0.05


def test_what_follows_something_else_is_doubtful_although_the_shape_is_held():
    judge = Judge(KEY)
    assert judge.rate(Carried(1, KEY, 0.95)) > 0.9
    assert judge.rate(Carried(2, KEY, 0.1)) < DOUBTFUL_BELOW


def test_a_much_larger_object_need_not_return():
    judge = Judge(block(10, 10))
    judge.rate(Carried(1, block(10, 10), 0.95))
    assert judge.rate(Carried(2, block(40, 40), 0.1)) > DOUBTFUL_BELOW


def test_an_object_of_several_parts_is_trusted():
    parts = KEY + np.roll(KEY, 30, axis=1)
    parts[:, 10] = parts[:, 40] = 0
    assert Judge(parts).rate(Carried(1, parts, 0.95)) == pytest.approx(MOST)
    assert Judge(KEY).rate(Carried(1, parts, 0.95)) < MOST - 0.15


def test_mistakes_stay():
    specks = (KEY + np.tile([[0, 0], [0, 1]], (20, 30)) * (np.arange(60) > 24)).astype(np.float32)
    values = rated(*[KEY] * 5, *[specks] * 5, *[KEY] * 20)
    lowest = min(values)
    assert values[4] == pytest.approx(MOST)
    assert lowest < DOUBTFUL_BELOW
    assert values[12] < lowest + 0.2
    assert values[9] < values[19] < values[29] < values[4]


def test_an_object_that_comes_closer_is_trusted():
    assert rated(block(40, 60))[0] > DOUBTFUL_BELOW + 0.1


def test_a_doubt_about_one_frame_is_small_and_fades():
    specks = (KEY + np.tile([[0, 0], [0, 1]], (20, 30)) * (np.arange(60) > 24)).astype(np.float32)
    values = rated(KEY, KEY, specks, *[KEY] * 10)
    assert values[2] == min(values)
    assert values[2] > DOUBTFUL_BELOW
    assert values[3:] == sorted(values[3:])


def test_confidence_lies_between_0_and_1_for_masks_without_a_pixel():
    empty = 0 * KEY
    assert 0 <= Judge(empty).rate(Carried(1, empty, 0.0)) <= 1
