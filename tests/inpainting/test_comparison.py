"""Candidates are compared on a grid around the hole, in frames that are reduced once."""

import numpy as np
import pytest

from master_thesis.images.reducing import reduce_image
from master_thesis.inpainting import comparison
from master_thesis.inpainting.comparison import Grid, Views
from master_thesis.inpainting.sources import WideHoles, points_of


def test_a_grid_covers_the_hole_and_reads_it_where_it_is() -> None:
    hole = np.zeros((480, 864), bool)
    hole[200:260, 300:420] = True
    grid = Grid.around(hole)
    assert grid.step == 3
    points = points_of(hole)
    read = grid.read(np.moveaxis(grid.points, -1, 0), points)
    np.testing.assert_allclose(read.T, points, atol=0.05)


def test_frames_are_reduced_once_and_know_how_far_their_holes_are(monkeypatch: pytest.MonkeyPatch) -> None:
    hole = np.zeros((60, 91), bool)
    hole[20:40, 30:45] = True
    frame, sizes = np.repeat(np.arange(91, dtype=np.uint8)[None, :, None], 60, axis=0).repeat(3, axis=2), []
    monkeypatch.setattr(comparison, "reduce_image", lambda *args: sizes.append(args[1]) or reduce_image(*args))
    views = Views([frame, frame], WideHoles([hole, np.zeros_like(hole)]))
    for _ in range(3):
        image, away = views.at(0, 3)
        assert image.shape == (20, 30, 3)
        assert np.abs(image[..., 0] - (1 + 3.0 * np.arange(30))).max() <= 1  # the last column of the frame is left out
        assert away[7:13, 10:15].max() == 0
        assert 8 < away[10, 0] < 10
    assert sizes == [(20, 30)]
