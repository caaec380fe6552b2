import numpy as np
import pytest

from master_thesis.evaluation.figures import write_plot, write_sheet
from master_thesis.evaluation.scores import Score
from master_thesis.images.codec import read_frame
from master_thesis.images.header import frame_size


def score(method, masks, **values):
    return Score("hole", masks, method, "cat", 2, {name: np.array(figures) for name, figures in values.items()})


def test_a_plot_gains_a_row_per_masks(tmp_path):
    still = [score("a", "still", hole_psnr=[10.0, 20.0], hole_warp=[1.0]), score("b", "still", hole_psnr=[np.nan] * 2)]
    heights = []
    for scores in (still, [*still, score("a", "own", hole_warp=[5.0])]):
        write_plot(tmp_path / "e.png", scores)
        heights.append(frame_size(tmp_path / "e.png")[0])
    assert heights[1] == pytest.approx(2 * heights[0], abs=2)


def test_a_sheet_has_a_column_for_the_input_the_truth_and_every_method(task, tmp_path):
    sizes = []
    for fills in ({}, {"grey": np.full_like(task.frames, 128)}):
        path = write_sheet(tmp_path, task, fills)
        assert path == tmp_path / "hole_still_pan.jpg"
        sizes.append(read_frame(path).shape)
    assert sizes[1][1] / sizes[0][1] == pytest.approx(3 / 2, rel=0.01)
    assert sizes[1][0] == sizes[0][0]
