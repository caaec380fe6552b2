"""An object stands out by its colour, its movement or its looks, whatever the camera does; strokes are certain."""

import numpy as np
import pytest

from master_thesis.masking.evidence import Scene, guided, motion_apart
from master_thesis.masking.outline import FrameMarks, outline
from stress.videos import panorama

SIZE, BOX = (96, 128), (40.0, 28.0, 84.0, 72.0)


def disc():
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    return np.hypot(y - 50, x - 62) < 20


def similarity(a, b):
    return (a & b).sum() / (a | b).sum()


def moving(shift):
    """A frame and the next one: the camera moves by a pixel, a disc that looks like the rest by some more."""
    wide = panorama(SIZE[0], SIZE[1] + 40)
    frames = []
    for t in (0, 1):
        frame = wide[:, 20 + t : 20 + t + SIZE[1]].copy()
        moved = np.roll(disc(), shift * t, axis=1)
        frame[moved] = np.roll(panorama(*SIZE, seed=3), shift * t, axis=1)[moved]
        frames.append(frame)
    return frames


def test_movement_apart_is_that_beside_the_camera():
    first, second = moving(5)
    apart, still = motion_apart(first, [second], BOX), motion_apart(first, [np.roll(first, 3, axis=1)], BOX)
    assert np.median(apart[disc()]) > 5 * np.median(apart[~disc()])
    assert np.median(still[disc()]) < 2


def test_a_box_that_fills_the_frame_leaves_nothing_to_compare_movements_with():
    first, second = moving(5)
    assert not motion_apart(first, [second], (0.0, 0.0, 128.0, 96.0)).any()


@pytest.mark.parametrize("by", ["colour", "movement", "looks"])
def test_one_cue_suffices(by):
    image, motion, look = panorama(*SIZE), np.full(SIZE, 0.5, np.float32), np.zeros(SIZE, np.float32)
    if by == "colour":
        image[disc()] = (220, 20, 20)
    elif by == "movement":
        motion[disc()] = 8
    else:
        look[disc()] = 3
    nothing = np.zeros(SIZE, bool)
    probability = Scene(image, BOX, motion, look, nothing, nothing).probabilities()
    assert similarity(probability > 0.5, disc()) > 0.75
    assert not probability[:, 85:].any()


def test_strokes_are_certain():
    image, on, off = panorama(*SIZE), np.zeros(SIZE, bool), np.zeros(SIZE, bool)
    on[30:32, 42:50], off[48:52, 60:64] = True, True
    probability = Scene(image, BOX, np.ones(SIZE, np.float32), np.ones(SIZE, np.float32), on, off).probabilities()
    assert (probability[on] == 1).all()
    assert (probability[off] == 0).all()


def test_neighbouring_frames_improve_the_outline_of_what_looks_like_the_rest():
    first, second = (frame // 4 * 3 for frame in moving(5))
    grain = np.random.default_rng(0).integers(0, 60, first.shape, np.uint8)
    first, second = first + grain, second + np.where(np.roll(disc(), 5, axis=1)[..., None], np.roll(grain, 5, 1), grain)
    marks = FrameMarks(box=(34, 22, 92, 84))
    with_movement = similarity(outline(first, marks, [second]).mask, disc())
    assert with_movement > 0.7
    assert with_movement > similarity(outline(first, marks).mask, disc()) + 0.1


def test_the_guided_filter_keeps_edges_of_the_guide():
    guide = np.zeros((40, 40), np.float32)
    guide[:, 20:] = 1
    noisy = guide + np.random.default_rng(0).normal(0, 0.3, guide.shape).astype(np.float32)
    found = guided(guide, noisy)
    assert np.abs(found - guide).mean() < np.abs(noisy - guide).mean() / 3
    assert found[:, 21].mean() - found[:, 18].mean() > 0.8
