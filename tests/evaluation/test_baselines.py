import numpy as np
import pytest

from master_thesis.evaluation.baselines import BASELINES, homography_copying, opencv_copying, telea, temporal_median
from master_thesis.metrics import hole_psnr


@pytest.mark.parametrize("name", list(BASELINES))
def test_a_baseline_changes_only_the_hole_and_never_its_input(name, task):
    masked, mask = task.masked, task.mask.copy()
    filled = BASELINES[name](masked, mask)
    assert filled.shape == masked.shape
    assert filled.dtype == np.uint8
    assert (filled[~mask] == task.frames[~mask]).all()
    assert (masked == task.masked).all()
    assert (mask == task.mask).all()
    assert (filled[mask] != masked[mask]).any()


def test_the_median_restores_a_still_scene_despite_an_outlier():
    scene = np.random.default_rng(0).integers(0, 256, (8, 10, 3), dtype=np.uint8)
    frames = np.stack([scene] * 5)
    mask = np.zeros((5, 8, 10), bool)
    mask[2, 2:6, 2:6] = True
    frames[mask] = 0
    frames[0, 3, 3] = 255
    filled = temporal_median(frames, mask)
    assert (filled[2] == scene).all()


def test_the_median_paints_pixels_that_are_never_visible():
    frames = np.full((3, 12, 12, 3), 50, np.uint8)
    mask = np.zeros((3, 12, 12), bool)
    mask[:, 4:8, 4:8] = True
    frames[mask] = 200
    assert np.abs(temporal_median(frames, mask).astype(int) - 50).max() <= 2


def test_copying_beats_painting_under_a_panning_camera(task):
    figures = {
        method: np.nanmean(hole_psnr(method(task.masked, task.mask), task.frames, task.mask))
        for method in (telea, homography_copying, opencv_copying)
    }
    assert figures[homography_copying] > figures[telea] + 6
    assert figures[opencv_copying] > figures[telea] + 6
