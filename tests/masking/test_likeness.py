"""What has other features than the surroundings of a box looks apart, whatever its colours."""

import numpy as np

from master_thesis.masking.carrying import load_carrier
from master_thesis.masking.likeness import looks_apart
from master_thesis.masking.outline import FrameMarks, outline

SIZE = (128, 192)


def scene():
    """A disc with vertical stripes before horizontal ones of the same colours, and its box."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    disc = np.hypot(y - 64, x - 96) < 32
    stripes = np.where(disc, x, y) // 4 % 2
    box = np.zeros(SIZE, bool)
    box[32:96, 64:128] = True
    return (60 + 120 * stripes[..., None] * np.ones(3)).astype(np.uint8), disc, box


def test_the_object_looks_apart_and_the_rest_of_its_box_does_not():
    image, disc, box = scene()
    apart = looks_apart(load_carrier(), image, box)
    inside, outside = (plane[::8, ::8][: apart.shape[0], : apart.shape[1]] for plane in (disc, ~box))
    assert apart.shape == (SIZE[0] // 8, SIZE[1] // 8)
    assert np.median(apart[inside]) > 3 * np.median(apart[outside])


def test_an_object_of_the_same_colours_that_stands_still_is_outlined():
    image, disc, _ = scene()
    found = outline(image, FrameMarks(box=(56, 24, 136, 104)), [image, image]).mask
    assert (found & disc).sum() > 0.8 * (found | disc).sum()


def test_a_box_that_fills_the_frame_leaves_nothing_to_compare_looks_with():
    image, _, box = scene()
    assert not looks_apart(load_carrier(), image, box | True).any()


def test_places_that_have_only_overlapping_surroundings_look_like_the_others():
    image, _, box = scene()
    box[:] = True
    box[0, 0:8] = box[0:8, 0] = box[0:8, 0:8] = False
    apart = looks_apart(load_carrier(), image, box)
    assert np.isfinite(apart).all()
