"""Lines of text through time: when they appear and disappear, gaps, motion, and how often the detector is asked."""

import numpy as np
import pytest

from master_thesis.masking.captions import FADE_FRAMES, MIN_FRAMES, STRIDE, CaptionFinder, caption_mask
from master_thesis.masking.glyphs import Line

SIZE = (40, 120)


def line(x, y, pattern=0):
    """A line of 60 x 16 pixels with striped letters."""
    letters = np.random.default_rng(pattern).random((16, 60)) > 0.9
    quad = np.array([[x, y], [x + 60, y], [x + 60, y + 16], [x, y + 16]], float)
    return Line(quad, (x, y, x + 60, y + 16), letters, np.where(letters, 255, 128).astype(np.uint8))


def captions_of(shown, num_frames):
    """Looks at frames that hold nothing but their number; ``shown`` gives their lines."""
    asked = []

    def find(image):
        number = int(image[0, 0, 0])
        asked.append(number)
        return shown(number)

    finder = CaptionFinder(find)
    for number in range(num_frames):
        finder.look(number, np.full((1, 1, 3), number, np.uint8))
    return finder.captions(), asked


@pytest.mark.parametrize(("first", "last"), [(0, 39), (3, 17), (9, 24), (13, 15 + STRIDE)])
def test_a_line_appears_and_disappears_exactly(first, last):
    captions, asked = captions_of(lambda t: [line(10, 20)] if first <= t <= last else [], 40)
    assert [(c.frames[0], c.frames[-1]) for c in captions] == [(first, last)]
    assert len(asked) == len(set(asked)) <= 40 // STRIDE + 2 + 2 * 3


def test_a_line_that_follows_another_at_the_same_place_is_another_one():
    captions, _ = captions_of(lambda t: [line(10, 20, pattern=t // 12)], 24)
    assert [(c.frames[0], c.frames[-1]) for c in captions] == [(0, 11), (12, 23)]


def test_a_missed_frame_makes_no_flicker():
    captions, _ = captions_of(lambda t: [] if t == 16 else [line(10 + t % 2, 20)], 33)
    assert [(c.frames[0], c.frames[-1]) for c in captions] == [(0, 32)]
    masks = [caption_mask(captions, t, SIZE) for t in range(33)]
    assert masks[0].any()
    assert all(np.array_equal(mask, masks[0]) for mask in masks)


def test_what_is_seen_in_one_frame_is_a_mistake():
    captions, _ = captions_of(lambda t: [line(10, 20)] if t == 8 else [], 24)
    assert captions == []
    assert MIN_FRAMES > 1


def test_a_moving_line_is_followed_and_covered_entirely():
    captions, _ = captions_of(lambda t: [line(10 + 2 * t, 24 - t // 2)], 20)
    assert len(captions) == 1
    assert captions[0].letters is None
    for t in range(20):
        mask = caption_mask(captions, t, SIZE)
        assert mask[24 - t // 2 : 40 - t // 2, 10 + 2 * t : 70 + 2 * t].all()
        assert mask.mean() < 0.35


def test_two_lines_at_once_are_two():
    captions, _ = captions_of(lambda t: [line(10, 5, 1), line(10, 25, 2)] if t > 7 else [line(10, 25, 2)], 24)
    assert [(c.box[1], c.frames[0]) for c in captions] == [(25, 0), (5, 8)]


def test_letters_are_widened_and_entire_lines_cover_more():
    captions, _ = captions_of(lambda t: [line(10, 20)], 9)
    letters, entire = (caption_mask(captions, 3, SIZE, alone) for alone in (True, False))
    assert letters[20:36, 10:70][line(10, 20).letters].all()
    assert entire[20:36, 10:70].all()
    assert (entire | letters == entire).all()
    assert letters.sum() < entire.sum()


def test_letters_that_change_are_covered_while_noise_is_not():
    def clock(t):
        changed = line(10, 20)
        letters = changed.letters.copy()
        letters[2:8, 50:58] = False
        letters[2:8, 50 + 2 * (t // 8 % 4)] = True
        letters[0, t // 8] = True
        return [Line(changed.quad, changed.box, letters, changed.pattern)]

    captions, _ = captions_of(clock, 64)
    assert len(captions) == 1
    assert captions[0].letters[2:8, [50, 52, 54, 56]].all()
    assert captions[0].letters[0].sum() <= line(10, 20).letters[0].sum() + 1


def test_frames_around_are_masked_where_it_may_be_too_faint():
    captions, _ = captions_of(lambda t: [line(10, 20)] if 8 <= t < 17 else [], 32)
    assert captions[0].shown == range(8 - FADE_FRAMES, 17 + FADE_FRAMES)
