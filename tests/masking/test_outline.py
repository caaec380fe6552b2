"""GrabCut finds a coloured object in a box or around strokes, and what is marked as certain stays so."""

import numpy as np
import pytest

from master_thesis.masking.outline import FrameMarks, _with_what_agrees, certainty, outline
from stress.videos import panorama

SIZE = (96, 128)


def scene():
    """A red disc before a blue panorama, and the disc."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    disc = np.hypot(y - 50, x - 60) < 20
    image = panorama(*SIZE) // 3
    image[..., 2] += 150
    image[disc] = image[disc] // 4 + np.array([180, 20, 0], np.uint8)
    return image, disc


def similarity(a, b):
    return (a & b).sum() / (a | b).sum()


@pytest.mark.parametrize(
    "marks",
    [
        {"box": (35, 25, 85, 75)},
        {"points": ((60, 50), (55, 45))},
        {"points": ((60, 50),), "box": (30, 20, 90, 80), "off_points": ((32, 22),)},
    ],
)
def test_the_object_is_found(marks):
    image, disc = scene()
    assert similarity(outline(image, FrameMarks(**marks)).mask, disc) > 0.9


def test_nothing_outside_a_box_and_nothing_struck_out_belongs_to_the_object():
    image, disc = scene()
    off = np.zeros(SIZE, bool)
    off[48:52, 81:85] = True
    mask = outline(image, FrameMarks(box=(42, 25, 85, 75), off=off)).mask
    assert not mask[:, :42].any()
    assert disc[:, :42].any()
    assert not mask[off].any()
    assert mask[disc].any()


def test_strokes_add_to_a_finished_mask_and_erase_from_it():
    image, disc = scene()
    on, off = np.zeros((2, *SIZE), bool)
    on[0, :], off[50, :] = True, True
    mask = outline(image, FrameMarks(mask=disc, on=on, off=off)).mask
    assert np.array_equal(mask, (disc | on) & ~off)


def test_a_box_around_the_entire_frame_is_no_error():
    image, disc = scene()
    assert similarity(outline(image, FrameMarks(box=(0, 0, SIZE[1], SIZE[0]))).mask, disc) > 0.8


def test_equal_marks_give_equal_outlines():
    image, _ = scene()
    first, second = (outline(image, FrameMarks(box=(30, 20, 90, 80))).mask for _ in range(2))
    assert np.array_equal(first, second)


def test_what_grab_cut_finds_alone_is_added_to_much_the_same_outline_only():
    """Columns 0 to 9 overlap with 4 to 13 by 6 of 14, and with 3 to 12 by 7 of 13."""
    columns = np.arange(20)[None]
    found = columns < 10
    for start, expected in ((4, found), (3, columns < 13)):
        alone = (columns >= start) & (columns < start + 10)
        assert np.array_equal(_with_what_agrees(found, alone), expected)


def test_an_outline_is_less_certain_where_a_pixel_may_be_either_and_where_grab_cut_disagrees():
    clear, unclear = np.array([0.0, 1.0, 1.0], np.float32), np.array([0.3, 0.6, 0.5], np.float32)
    assert certainty(clear, 0.9) > 0.9
    assert certainty(unclear, 0.9) < certainty(clear, 0.9)
    assert certainty(clear, 0.2) < certainty(clear, 0.9)
    assert certainty(unclear, 0.0) == 0


def test_only_what_a_box_alone_says_is_uncertain():
    image, disc = scene()
    neighbours = [np.roll(image, 3, axis=1)]
    box = (35, 25, 85, 75)
    assert 0 < outline(image, FrameMarks(box=box), neighbours).certainty < 1
    for marks in (FrameMarks(box=box, points=((60, 50),)), FrameMarks(mask=disc), FrameMarks(points=((60, 50),))):
        assert outline(image, marks, neighbours).certainty == 1
