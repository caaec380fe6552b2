"""What was laid over a video: rectangles, text, and what is wrong about them."""

import pytest

from master_thesis.configs.graphics import FixedBox, Graphics
from master_thesis.errors import UserError


def test_rectangles_and_their_frames_are_read():
    graphics = Graphics(fixed_box=("1", "2", "3", "4", "5", "6", "7", "8@9-12"))
    assert graphics.fixed_boxes == [FixedBox((1, 2, 3, 4)), FixedBox((5, 6, 7, 8), 9, 12)]
    assert [graphics.fixed_boxes[1].is_shown(t) for t in (8, 9, 12, 13)] == [False, True, True, False]
    assert graphics.fixed_boxes[0].is_shown(999)
    assert (graphics.flag, Graphics(text=True).flag) == ("--fixed_box", "--text")


def test_a_region_belongs_to_text():
    assert Graphics(text=True, region=("1", "2", "3", "4")).text_region == (1, 2, 3, 4)
    assert Graphics(text=True).text_region is None
    assert not Graphics().is_given


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fixed_box": ("1", "2", "3")}, r"--fixed_box should be X Y W H\[@FIRST-LAST\]: .*, got 1 2 3"),
        ({"fixed_box": ("1", "2", "3", "0")}, "a width and a height of at least 1, got 1 2 3 0"),
        ({"fixed_box": ("1", "2", "3", "4@5")}, "got 1 2 3 4@5"),
        ({"fixed_box": ("1", "2", "3", "4@9-5")}, "--fixed_box should end at its first frame or later, got @9-5"),
        ({"region": ("1", "2", "3", "4")}, "--region says where to look for text: add --text"),
        ({"text_boxes": True}, "--text_boxes says how text is masked: add --text"),
        ({"text": True, "region": ("1", "2", "3", "4@1-2")}, "--region should be X Y W H: .*, got 1 2 3 4@1-2"),
        ({"text": True, "region": tuple("12341234")}, "--region should be X Y W H, got 1 2 3 4 1 2 3 4"),
    ],
)
def test_mistakes_are_named(options, message):
    with pytest.raises(UserError, match=message):
        Graphics(**options)
