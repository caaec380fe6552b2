"""Marks are checked against the size of the frames; drawings are masks or strokes."""

import numpy as np
import pytest

from master_thesis.configs.masking import NOTHING_MARKED, DrawMark, Marks
from master_thesis.errors import UserError
from master_thesis.images.codec import write_png
from master_thesis.video.mask_marks import MarkedFrames, read_drawing

SIZE = (48, 64)
GREEN, RED, WHITE = (0, 255, 0), (255, 0, 0), (255, 255, 255)


def draw(path, *strokes, size=SIZE):
    """Writes a black picture with a square in every colour, one beside the other."""
    picture = np.zeros((*size, 3), np.uint8)
    for i, colour in enumerate(strokes):
        picture[10:20, 10 + 15 * i : 20 + 15 * i] = colour
    write_png(path, picture)
    return str(path)


def test_green_is_the_object_and_red_is_not(tmp_path):
    drawing = read_drawing(DrawMark(0, draw(tmp_path / "strokes.png", GREEN, RED)), SIZE)
    assert drawing.mask is None
    assert (int(drawing.on.sum()), int(drawing.off.sum())) == (100, 100)
    assert drawing.on[15, 15]
    assert drawing.off[15, 30]


def test_other_pictures_are_masks(tmp_path):
    for colours in ((WHITE,), (WHITE, (40, 90, 200))):
        drawing = read_drawing(DrawMark(0, draw(tmp_path / "mask.png", *colours)), SIZE)
        assert drawing.on is None
        assert drawing.mask.sum() == 100 * len(colours)
    grey = np.zeros(SIZE, bool)
    grey[3, 4] = True
    write_png(tmp_path / "indexed.png", grey)
    assert np.array_equal(read_drawing(DrawMark(0, str(tmp_path / "indexed.png")), SIZE).mask, grey)


def test_marks_on_one_frame_work_together(tmp_path):
    mask = draw(tmp_path / "mask.png", WHITE)
    strokes = draw(tmp_path / "strokes.png", (0, 0, 0), GREEN, RED)
    marked = MarkedFrames(Marks(draw=(f"{mask}@3", f"{strokes}@3"), background_points=("12", "12@3")), SIZE)
    found = marked.outline_of(3, np.zeros((*SIZE, 3), np.uint8)).mask
    assert found[18, 18]
    assert found[15, 30]
    assert not found[12, 12]
    assert not found[15, 45]


def test_where_the_object_is_gone_there_is_no_mask(tmp_path):
    marked = MarkedFrames(Marks(box=("1", "1", "9", "9"), gone=("@5",)), SIZE)
    assert marked.frames == {0, 5}
    assert marked.outline_of(5, np.zeros((*SIZE, 3), np.uint8)) is None


@pytest.mark.parametrize(
    ("marks", "message"),
    [
        ({"gone": ("@2",)}, NOTHING_MARKED),
        ({"box": ("70", "1", "5", "5")}, "--box 70 1 5 5 lies outside the frame, which is 64 x 48"),
        ({"points": ("64", "0")}, "--points 64 0 lies outside the frame, which is 64 x 48"),
        (
            {"points": ("1", "1"), "background_points": ("5", "48")},
            "--background_points 5 48 lies outside the frame, which is 64 x 48",
        ),
        ({"draw": ("none.png",)}, "--draw none.png: there is no such file"),
        ({"draw": ("small.png",)}, "--draw small.png: should have the size of the frames, 64 x 48, got 32 x 24"),
        (
            {"draw": ("empty.png",)},
            "--draw empty.png is empty: draw the object in white, or strokes in pure green and red",
        ),
        (
            {"draw": ("red.png@4",)},
            "--draw for frame 4 holds red strokes alone, which mark the background: "
            "mark the object in pure green, or add --box for that frame",
        ),
    ],
)
def test_wrong_marks_are_refused(tmp_path, monkeypatch, marks, message):
    monkeypatch.chdir(tmp_path)
    draw(tmp_path / "small.png", WHITE, size=(24, 32))
    draw(tmp_path / "empty.png")
    draw(tmp_path / "red.png", RED)
    with pytest.raises(UserError) as error:
        MarkedFrames(Marks(**marks), SIZE)
    assert str(error.value) == message


def test_a_picture_that_is_none_is_refused(tmp_path):
    (tmp_path / "text.png").write_text("no image")
    with pytest.raises(UserError, match=r"text\.png"):
        read_drawing(DrawMark(0, str(tmp_path / "text.png")), SIZE)


def test_a_box_that_reaches_outside_is_cut():
    marked = MarkedFrames(Marks(box=("-5", "40", "20", "20")), SIZE)
    assert marked.boxes[0] == (0, 40, 15, 48)


def test_frames_beyond_the_end_and_marks_that_outline_nothing_are_refused():
    marked = MarkedFrames(Marks(box=("1", "1", "60", "40@8")), SIZE)
    with pytest.raises(UserError) as error:
        marked.check_end(8)
    assert str(error.value) == "frame 8 is marked, but the video ends at frame 7: frames count from 0"
    with pytest.raises(UserError, match="the marks on frame 8 outline nothing"):
        marked.outline_of(8, np.zeros((*SIZE, 3), np.uint8))
