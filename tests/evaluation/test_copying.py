import numpy as np

from master_thesis.evaluation import copying
from master_thesis.evaluation.copying import (
    aligner_transfer,
    copy_nearest_first,
    homography_transfer,
    nearest_first,
    telea_frame,
)
from master_thesis.models.aligner import alignment_from_grid
from master_thesis.ops.grid import identity_grid

from .conftest import PAN_PX, SIZE


class Still:
    """An aligner for a camera that does not move."""

    def align(self, x_target, m_target, x_refs, m_refs):
        b, _, f, h, w = x_refs.shape
        return alignment_from_grid(identity_grid(h, w).expand(b, f, h, w, 2), m_target, x_refs, m_refs)


def test_nearest_frames_come_first_and_only_within_reach():
    order = list(nearest_first(30, 100))
    assert order[:4] == [29, 31, 28, 32]
    assert sorted(order) == [r for r in range(10, 51) if r != 30]


def test_each_pixel_comes_from_the_nearest_frame_that_shows_it():
    frames = np.stack([np.full((6, 8, 3), 10 * t, np.uint8) for t in range(4)])
    mask = np.zeros((4, 6, 8), bool)
    mask[0] = True
    mask[1, :, :3] = True  # hides what frame 0 would rather take from here
    filled = copy_nearest_first(frames, mask, aligner_transfer(Still()))
    assert (filled[0, :, 3:] == 10).all()
    assert (filled[0, :, :3] == 20).all()
    assert (filled[1, :, :3] == 20).all(), "frame 0 hides it, frame 2 shows it"


def test_what_is_never_seen_is_painted_from_the_surroundings():
    frames = np.full((2, 12, 12, 3), 77, np.uint8)
    mask = np.zeros((2, 12, 12), bool)
    mask[:, 4:8, 4:8] = True
    frames[mask] = 0
    filled = copy_nearest_first(frames, mask, aligner_transfer(Still()))
    assert np.abs(filled.astype(int) - 77).max() <= 2


def test_a_homography_brings_a_panned_frame_back(task):
    aligned, shown = homography_transfer(task.masked[0], task.mask[0], task.masked[1], task.mask[1])
    expected_shown = np.zeros(SIZE, bool)
    expected_shown[:, PAN_PX:] = ~task.mask[1][:, :-PAN_PX]
    core = expected_shown.copy()
    core[:, : PAN_PX + 1] = False
    assert shown[core].mean() > 0.97
    assert not (shown & ~expected_shown)[:, PAN_PX + 1 :].any(), "no hole colour gets in"
    difference = np.abs(aligned.astype(int) - task.frames[0])[shown]
    assert difference.mean() < 2


def test_no_colour_of_a_hole_gets_into_what_is_shown(task, monkeypatch):
    half_a_pixel = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
    monkeypatch.setattr(copying, "global_motion", lambda *_: half_a_pixel)
    ref, mask = task.frames[1], task.mask[1]
    aligned, shown = [], []
    for colour in (0, 255):
        spoilt = np.where(mask[..., None], colour, ref).astype(np.uint8)
        one = homography_transfer(task.masked[0], task.mask[0], spoilt, mask)
        aligned.append(one[0])
        shown.append(one[1])
    assert (shown[0] == shown[1]).all()
    assert shown[0].mean() > 0.8
    assert (aligned[0] == aligned[1])[shown[0]].all()


def test_telea_leaves_known_pixels_and_its_input_alone(task):
    before = task.masked[0].copy()
    filled = telea_frame(before, task.mask[0])
    assert (filled[~task.mask[0]] == task.frames[0][~task.mask[0]]).all()
    assert (before == task.masked[0]).all()
    assert telea_frame(before, np.zeros(SIZE, bool)) is before
