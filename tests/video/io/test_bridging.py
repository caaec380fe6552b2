"""Damaged frames are made from their neighbours where these show the same scene."""

import numpy as np
import pytest

from master_thesis.video.io.bridging import MAX_RUN, between, bridged
from master_thesis.video.io.source import TimedFrame
from stress.videos import moving_frames, panorama
from tests.factories import photo

SIZE = (96, 128)


def film(count, held=(), images=None):
    """Frames of a moving camera, of which some are held."""
    images = moving_frames(count, SIZE) if images is None else images
    frames = []
    for i, image in enumerate(images):
        is_held = i in held
        frames.append(TimedFrame(frames[-1].image if is_held else image, 10 * i, native="yuv", is_held=is_held))
    return frames, images


def error(picture, true):
    return np.abs(picture.astype(int) - true)[:, 8:-8].mean()


def test_a_run_of_damaged_frames_moves_with_the_camera():
    frames, true = film(6, held=(2, 3))
    made = list(bridged(iter(frames)))
    assert [frame.is_bridged for frame in made] == [False, False, True, True, False, False]
    assert not any(frame.is_held for frame in made)
    for i in (2, 3):
        assert error(made[i].image, true[i]) < 0.25 * error(frames[i].image, true[i])
        assert (made[i].pts, made[i].native) == (10 * i, None)
    assert [made[i] is frames[i] for i in (0, 1, 4, 5)] == [True] * 4


@pytest.mark.parametrize("share", [0.25, 0.5])
def test_a_picture_lies_at_its_share_of_the_way(share):
    scene = photo(SIZE[0], SIZE[1] + 8)
    first, second = scene[:, : SIZE[1]], scene[:, 8:]
    (made,) = between(first, second, [share])
    shifts = {shift: error(made, scene[:, shift : shift + SIZE[1]]) for shift in range(9)}
    assert min(shifts, key=shifts.get) == round(8 * share)


def test_nothing_is_made_across_a_cut():
    images = moving_frames(3, SIZE) + moving_frames(2, SIZE, seed=9)
    frames, _ = film(5, held=(2,), images=images)
    made = list(bridged(iter(frames)))
    assert [frame.is_held for frame in made] == [False, False, True, False, False]
    assert made[2] is frames[2]


@pytest.mark.parametrize(("count", "held"), [(4, (2, 3)), (MAX_RUN + 3, range(1, MAX_RUN + 2))])
def test_frames_are_held_at_the_end_and_in_long_runs(count, held):
    frames, _ = film(count, held)
    assert list(bridged(iter(frames))) == frames


def test_the_longest_run_is_bridged():
    still = [panorama(*SIZE)] * (MAX_RUN + 2)
    frames, _ = film(MAX_RUN + 2, range(1, MAX_RUN + 1), still)
    assert sum(frame.is_bridged for frame in bridged(iter(frames))) == MAX_RUN


def test_every_frame_comes_once_and_in_order():
    frames, _ = film(30, held=(3, 4, 9, *range(12, 24), 29))
    assert [frame.pts for frame in bridged(iter(frames))] == [10 * i for i in range(30)]
