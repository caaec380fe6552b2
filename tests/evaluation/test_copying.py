import numpy as np

from master_thesis.evaluation import copying
from master_thesis.evaluation.copying import (
    aligner_transfer,
    copy_nearest_first,
    homography_transfer,
    nearest_first,
    telea_frame,
)
from tests.evaluation.conftest import PAN_PX, SIZE
from tests.factories import StillAligner


def test_references_within_reach_are_ordered_by_distance():
    order = list(nearest_first(30, 100))
    assert order[:4] == [29, 31, 28, 32]
    assert sorted(order) == [r for r in range(10, 51) if r != 30]


def test_each_pixel_comes_from_the_nearest_frame_that_shows_it():
    frames = np.stack([np.full((6, 8, 3), 10 * t, np.uint8) for t in range(4)])
    mask = np.zeros((4, 6, 8), bool)
    mask[0] = True
    mask[1, :, :3] = True  # hides what frame 0 would otherwise copy from here
    filled = copy_nearest_first(frames, mask, aligner_transfer(StillAligner()))
    assert (filled[0, :, 3:] == 10).all()
    assert (filled[0, :, :3] == 20).all()
    assert (filled[1, :, :3] == 20).all(), "hidden in frame 0, visible in frame 2"


def test_a_pixel_that_is_never_visible_is_filled_from_its_surroundings():
    frames = np.full((2, 12, 12, 3), 77, np.uint8)
    mask = np.zeros((2, 12, 12), bool)
    mask[:, 4:8, 4:8] = True
    frames[mask] = 0
    filled = copy_nearest_first(frames, mask, aligner_transfer(StillAligner()))
    assert np.abs(filled.astype(int) - 77).max() <= 2


def test_a_homography_aligns_a_panned_frame(task):
    aligned, visible = homography_transfer(task.masked[0], task.mask[0], task.masked[1], task.mask[1])
    expected_visible = np.zeros(SIZE, bool)
    expected_visible[:, PAN_PX:] = ~task.mask[1][:, :-PAN_PX]
    core = expected_visible.copy()
    core[:, : PAN_PX + 1] = False
    assert visible[core].mean() > 0.97
    assert not (visible & ~expected_visible)[:, PAN_PX + 1 :].any(), "no pixel with a colour of the hole is visible"
    difference = np.abs(aligned.astype(int) - task.frames[0])[visible]
    assert difference.mean() < 2


def test_the_colour_of_a_hole_does_not_affect_visible_pixels(task, monkeypatch):
    half_a_pixel = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
    monkeypatch.setattr(copying, "global_motion", lambda *_: half_a_pixel)
    ref, mask = task.frames[1], task.mask[1]
    aligned, visible = [], []
    for colour in (0, 255):
        recoloured = np.where(mask[..., None], colour, ref).astype(np.uint8)
        one = homography_transfer(task.masked[0], task.mask[0], recoloured, mask)
        aligned.append(one[0])
        visible.append(one[1])
    assert (visible[0] == visible[1]).all()
    assert visible[0].mean() > 0.8
    assert (aligned[0] == aligned[1])[visible[0]].all()


def test_telea_changes_neither_known_pixels_nor_its_input(task):
    before = task.masked[0].copy()
    filled = telea_frame(before, task.mask[0])
    assert (filled[~task.mask[0]] == task.frames[0][~task.mask[0]]).all()
    assert (before == task.masked[0]).all()
    assert telea_frame(before, np.zeros(SIZE, bool)) is before
