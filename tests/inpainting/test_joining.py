"""Copies take the light of what surrounds them, and nothing of the fringe of what was removed."""

import cv2
import numpy as np
import pytest

from master_thesis.inpainting.joining import RING_PX, joined, ring_around, without_steps
from master_thesis.ops.seams import without_seams

SIZE = (91, 101)


@pytest.fixture
def hole():
    mask = np.zeros(SIZE, bool)
    mask[25:65, 30:70] = True
    return mask


@pytest.fixture
def wide(hole):
    mask = hole.copy()
    mask[23:67, 28:72] = True
    return mask


def test_a_ring_names_the_nearest_pixel_that_is_copied(wide) -> None:
    known = wide.copy()
    known[:, 50:] = False
    found, copied = ring_around(known, wide), np.argwhere(known)
    outside = np.argwhere(found >= 0)
    assert len(outside) > 500
    distances = np.linalg.norm(outside[:, None] - copied[None], axis=-1)
    chosen = distances[np.arange(len(outside)), found[tuple(outside.T)]]
    assert np.abs(chosen - distances.min(axis=1)).max() < 0.5  # OpenCV's distances are approximate
    to_hole = np.linalg.norm(outside[:, None] - np.argwhere(wide)[None], axis=-1).min(axis=1)
    assert to_hole.min() > RING_PX[0] - 0.5
    assert to_hole.max() < RING_PX[1] + 0.5


def test_nothing_copied_has_no_ring(wide) -> None:
    assert (ring_around(np.zeros(SIZE, bool), wide) == -1).all()


def test_light_that_differs_smoothly_is_matched(hole, wide) -> None:
    y, x = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    light = np.dstack((x / 10, 12 - y / 15, np.full(SIZE, -7, np.float32)))
    truth = np.random.default_rng(0).uniform(40, 200, (*SIZE, 3)).astype(np.float32)
    ring = ring_around(wide, wide) >= 0
    result = joined(truth - light, light, wide, ring, hole)
    assert np.abs(result - truth)[hole].max() < 1


@pytest.mark.parametrize("share", [1.0, 0.3])
def test_a_fringe_stays_at_the_border(hole, wide, share) -> None:
    """What differs at the border, and in some of the ring, is no light: it must not reach into the hole."""
    difference = np.zeros((*SIZE, 3), np.float32)
    difference[wide & ~hole] = 80
    ring = ring_around(wide, wide) >= 0
    fringe = np.zeros_like(ring)
    fringe[: int(SIZE[0] * share * 0.3)] = True
    difference[ring & fringe] = 60
    result = joined(np.zeros_like(difference), difference, wide, ring, hole)
    assert np.abs(result[38:52, 43:57]).max() < 3
    assert result[hole].max() > 30  # joined at the border all the same


def test_a_border_that_shows_something_else_at_one_place_leaves_the_others(hole, wide) -> None:
    """A piece of the margin is copied, as where the rest of it is hallucinated, and differs from the frame."""
    margin = np.zeros(SIZE, bool)
    margin[40:46, 28:30] = True
    difference = np.zeros((*SIZE, 3), np.float32)
    difference[margin] = 30
    result = joined(np.zeros_like(difference), difference, hole | margin, ring_around(wide, wide) >= 0, hole)
    assert result[40:46, 30].min() > 15
    assert np.abs(result[25:65, 50:70]).max() < 1


def test_without_a_ring_the_border_decides(hole, wide) -> None:
    difference = np.full((*SIZE, 3), 9, np.float32)
    result = joined(np.zeros_like(difference), difference, wide, np.zeros(SIZE, bool), hole)
    assert np.abs(result[hole] - 9).max() < 0.5


def test_only_copies_near_what_is_hallucinated_are_joined_once_more(hole) -> None:
    """A strip with another tone between the frame and what is hallucinated; and copies far from any."""
    filled, source = np.full((*SIZE, 3), 100, np.float32), np.zeros(SIZE, np.int32)
    source[30:60, 34:66], filled[30:60, 34:66] = -2, 104
    filled[hole & (source == 0)] = 85
    result = without_steps(filled, hole, source)
    assert np.abs(result[hole] - 100).max() < 2
    assert without_steps(filled, hole, np.zeros(SIZE, np.int32)) is filled
    source[:] = 3
    source[60:65, 66:70] = -2
    assert result[27, 33].mean() > 95
    assert np.abs(without_steps(filled, hole, source)[27, 33] - filled[27, 33]).max() < 3


def test_a_small_part_is_joined_as_in_the_entire_frame() -> None:
    """What changes is looked for near the part alone, so nothing may be left at the end of that."""
    random = np.random.default_rng(0)
    hole, source = np.zeros((300, 400), bool), np.zeros((300, 400), np.int32)
    hole[20:280, 20:380] = True
    source[140:150, 190:200] = -2
    filled = (100 + random.normal(0, 1, (300, 400, 3))).astype(np.float32)
    filled[source < 0] += 20
    near = hole & (cv2.dilate((source < 0).astype(np.uint8), np.ones((33, 33), np.uint8)) > 0)
    result, entire = without_steps(filled, hole, source), without_seams(filled, hole, source, near)
    assert np.abs(result[source < 0] - 100).mean() < 5
    np.testing.assert_allclose(result, entire, atol=0.5)
    assert (result[:60] == filled[:60]).all()
