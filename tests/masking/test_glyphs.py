"""Letters are found in a line of text, and two lines are compared by them."""

import cv2
import numpy as np
import pytest

from master_thesis.masking.glyphs import is_same_text, likeness, read_line

SIZE = (60, 320)
QUAD = np.array([[10, 15], [300, 15], [300, 47], [10, 47]], float)


def written(words, x=14, y=38, seed=0):
    """A textured picture with words in white and a black outline, and the pixels of these."""
    noise = np.random.default_rng(seed).integers(60, 160, (*SIZE, 3), dtype=np.uint8)
    image, layer = cv2.GaussianBlur(noise, (0, 0), 4), np.zeros(SIZE, np.uint8)
    cv2.putText(layer, words, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 1, 6)
    image[layer > 0] = 0
    cv2.putText(image, words, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (255, 255, 255), 2)
    return image, layer > 0


def letters_of(line):
    mask = np.zeros(SIZE, bool)
    left, top, right, bottom = line.box
    mask[top:bottom, left:right] = line.letters
    return mask


def test_letters_with_their_outline_are_found():
    image, truth = written("Who did it then?")
    mask = letters_of(read_line(image, QUAD))
    widened = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3))) > 0
    assert (widened & truth).sum() >= 0.99 * truth.sum()
    assert mask.sum() < 2 * truth.sum()


def test_nothing_outside_a_tilted_line_belongs_to_it():
    image, _ = written("Who did it then?")
    quad = np.array([[10, 35], [300, 15], [300, 25], [10, 45]], float)
    mask = letters_of(read_line(image, quad))
    assert mask.any()
    assert not mask[16:30, 12:60].any()


@pytest.mark.parametrize("place", [(330, 5), (5, 70), (-200, 5)])
def test_a_line_outside_the_frame_is_none(place):
    image, _ = written("a")
    assert read_line(image, np.array([[0, 0], [50, 0], [50, 20], [0, 20]], float) + place) is None


def test_lines_are_the_same_by_their_letters_not_their_place():
    first = read_line(written("Who did it then?")[0], QUAD)
    moved = read_line(written("Who did it then?", x=17, y=40, seed=1)[0], QUAD + np.array([3, 2]))
    other = read_line(written("She said so once", seed=2)[0], QUAD)
    assert is_same_text(first, moved)
    assert not is_same_text(first, other)
    far = read_line(written("Who did it then?", y=38)[0], QUAD + np.array([0, 20]))
    assert not is_same_text(first, far)
    assert likeness(first, first) > 0.999
    assert likeness(first, other) < 0.35


def test_a_box_that_reaches_further_makes_no_difference():
    image, _ = written("Who did it then?")
    for left, bottom in ((-1, 1), (-9, 0), (3, 5)):
        larger = QUAD + np.array([[left, -1], [1, -1], [1, bottom], [left, bottom]])
        assert is_same_text(read_line(image, QUAD), read_line(image, larger))
