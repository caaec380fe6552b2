"""Masks of two grades are read as a whole by everything else, and by grade where that matters."""

import numpy as np
import pytest
from PIL import Image

from master_thesis.images.codec import read_mask, write_png
from master_thesis.images.graded import read_graded, write_graded
from master_thesis.video.io.mask_values import MaskRule, ValueTally, read_mask_pictures


@pytest.fixture
def grades():
    rng = np.random.default_rng(0)
    mask = rng.random((9, 13)) < 0.3
    return mask, (rng.random((9, 13)) < 0.3) & ~mask


def test_both_grades_are_read_again(tmp_path, grades):
    mask, unsure = grades
    write_graded(tmp_path / "m.png", mask, unsure | mask)
    for expected, read in zip(grades, read_graded(tmp_path / "m.png"), strict=True):
        assert np.array_equal(expected, read)


def test_other_readers_take_both_as_hole(tmp_path, grades):
    mask, unsure = grades
    path = tmp_path / "m.png"
    write_graded(path, mask, unsure)
    assert np.array_equal(read_mask(path), mask | unsure)
    assert np.array_equal(read_mask(path, [1]), mask)
    assert np.array_equal(MaskRule().hole(next(read_mask_pictures(path)), path, ValueTally()), mask | unsure)
    shown = np.asarray(Image.open(path).convert("L"))
    assert set(shown[mask]) == {255}
    assert set(shown[unsure]) == {144}, "above 127, so that it stays hole where colours are numbers no more"


def test_masks_of_one_grade_have_nothing_unsure(tmp_path, grades):
    mask, _ = grades
    write_png(tmp_path / "m.png", mask)
    Image.fromarray(mask.view(np.uint8) * np.uint8(255)).save(tmp_path / "edited.png")
    for name in ("m.png", "edited.png"):
        sure, unsure = read_graded(tmp_path / name)
        assert np.array_equal(sure, mask)
        assert not unsure.any()
