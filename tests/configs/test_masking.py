"""Marks are read in groups, each with its frame, and what contradicts itself is refused."""

import pytest

from master_thesis.configs.masking import DrawMark, Marks, MaskConfig, NumberMark
from master_thesis.errors import UserError


def test_groups_carry_their_frames():
    marks = Marks(("1", "2", "3", "4@5", "-6", "7", "8", "9"), ("1", "2@7"), ("3", "4@7"), gone=("@9", "12"))
    assert marks.boxes == [NumberMark(5, (1, 2, 3, 4)), NumberMark(0, (-6, 7, 8, 9))]
    assert marks.object_points == [NumberMark(7, (1, 2))]
    assert marks.off_points == [NumberMark(7, (3, 4))]
    assert marks.gone_frames == [9, 12]
    assert marks.object_frames == {0, 5, 7}


def test_a_name_may_hold_the_sign_of_a_frame():
    marks = Marks(draw=("a@b.png", "c.png@12", "@3"))
    assert marks.drawings == [DrawMark(0, "a@b.png"), DrawMark(12, "c.png"), DrawMark(0, "@3")]


@pytest.mark.parametrize(
    ("marks", "message"),
    [
        ({"box": ("1", "2", "3")}, "--box should be X Y W H[@FRAME]: 4 whole numbers, got 1 2 3"),
        ({"box": ("1", "2", "3", "4@")}, "--box should be X Y W H[@FRAME]: whole numbers, got 1 2 3 4@"),
        ({"box": ("1", "2", "3", "x")}, "--box should be X Y W H[@FRAME]: whole numbers, got 1 2 3 x"),
        ({"box": ("1", "2", "0", "4")}, "--box should have a width and a height of at least 1, got 1 2 0 4"),
        ({"box": ("1", "2", "3", "4@-1")}, "--box: frames count from 0, got -1"),
        ({"box": ("1", "2", "3", "4") * 2}, "--box should be given once per frame, got several for frame 0"),
        ({"points": ("1",)}, "--points should be X Y[@FRAME]: 2 whole numbers, got 1"),
        ({"draw": ("",)}, "--draw should name a file, got an empty name"),
        ({"gone": ("soon",)}, "--gone should be @FRAME, like @120, got soon"),
        (
            {"points": ("1", "2@3"), "gone": ("@3",)},
            "--gone and --points both mark frame 3: leave out one of them",
        ),
        (
            {"box": ("1", "2", "3", "4"), "background_points": ("1", "2@3")},
            "--background_points mark frame 3, where nothing marks the object: "
            "add --box, --points or --draw for that frame",
        ),
    ],
)
def test_wrong_marks_are_refused(marks, message):
    with pytest.raises(UserError) as error:
        Marks(**marks)
    assert str(error.value) == message


def test_a_video_needs_a_name_and_a_sane_rate():
    for changes, message in (
        ({"video": ""}, "VIDEO should be a file or a folder, got an empty name"),
        ({"video": "a", "frame_rate": 0.0}, "--frame_rate should lie in [0.01, 1000], got 0"),
    ):
        with pytest.raises(UserError) as error:
            MaskConfig(**changes)
        assert str(error.value) == message
