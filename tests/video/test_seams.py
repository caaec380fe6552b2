"""The step between a filled hole and the frame around it."""

import cv2
import numpy as np
import pytest

from master_thesis.video.seams import border_step, remove_step

SIZE = (96, 128)


def scene(noise=0.0):
    """A smooth frame, with noise, and a disc as hole."""
    rng = np.random.default_rng(0)
    coarse = rng.uniform(60, 180, (4, 5, 3)).astype(np.float32)
    frame = cv2.resize(coarse, SIZE[::-1], interpolation=cv2.INTER_CUBIC) + rng.normal(0, noise or 1e-9, (*SIZE, 3))
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    return np.rint(frame.clip(0, 255)).astype(np.uint8), np.hypot(y - 48, x - 64) < 30


@pytest.mark.parametrize("shift", [-12, -6, 6, 20])
@pytest.mark.parametrize("noise", [0.0, 4.0])
def test_a_constant_step_is_removed_to_a_grey_level(shift, noise):
    frame, hole = scene(noise)
    filled = np.where(hole[..., None], (frame.astype(int) + shift).clip(0, 255), frame).astype(np.uint8)
    result = remove_step(filled, np.where(hole[..., None], 0, frame).astype(np.uint8), hole)
    assert np.abs((result.astype(int) - frame)[hole].mean()) < 1
    assert (result[~hole] == filled[~hole]).all(), "known pixels are not touched"


def test_a_fill_without_a_step_is_kept():
    frame, hole = scene()
    assert np.abs(remove_step(frame, frame, hole).astype(int) - frame).max() <= 2


def test_edges_of_the_scene_are_no_seams():
    frame, hole = scene()
    filled = np.where(hole[..., None], 255 - frame, frame).astype(np.uint8)
    _, is_seam = border_step(filled, frame, hole)
    step = np.abs(255.0 - 2 * frame.astype(float)).max(axis=-1)
    assert not is_seam[hole & (step > 90)].any()


def test_a_hole_that_covers_the_frame_has_no_border():
    frame, _ = scene()
    everywhere = np.ones(SIZE, bool)
    assert (remove_step(frame, frame, everywhere) == frame).all()
