"""Flow is measured finely around holes alone, and is there what it would be if it were measured so everywhere."""

import cv2
import numpy as np
import pytest

from master_thesis.models.classical import local_flow
from master_thesis.models.classical.neighbours import NeighbourMotion
from master_thesis.models.classical.views import View

SIZE, EDGE = (480, 640), 180
HOLE = np.zeros(SIZE, bool)
HOLE[260:330, 250:340] = True
INSIDE = np.argwhere(HOLE)[::7, ::-1].astype(np.float32)


@pytest.fixture(scope="module")
def views() -> list[View]:
    """A frame and the next one: the camera moves by (5, 2), and what lies in the lower part by (12, 2)."""
    noise = np.random.default_rng(0).integers(0, 256, (560, 760, 3)).astype(np.uint8)
    scene = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 2.0), None, 20, 235, cv2.NORM_MINMAX)
    first, second = scene[40:520, 60:700].copy(), scene[38:518, 55:695].copy()
    second[EDGE:] = scene[38 + EDGE : 518, 48:688]
    return [View.of(image, HOLE) for image in (first, second)]


def test_what_lies_behind_a_hole_moves_as_its_surroundings(views: list[View]) -> None:
    found = NeighbourMotion.between(*views)
    away = found.forwards(INSIDE) - INSIDE - (12, 2), found.backwards(INSIDE) - INSIDE + (12, 2)
    assert np.percentile(np.linalg.norm(np.stack(away), axis=-1), 99) < 0.7  # the edge of what moves is near


def test_a_window_leads_where_the_entire_frame_does(views: list[View], monkeypatch: pytest.MonkeyPatch) -> None:
    found = NeighbourMotion.between(*views)
    height, width = found.onward.around.flow.shape[:2]
    assert height * width < SIZE[0] * SIZE[1] / 4 / 2
    monkeypatch.setattr(local_flow, "MARGIN_PX", max(SIZE))
    everywhere = NeighbourMotion.between(*views)
    assert everywhere.onward.around.flow.shape[:2] == (SIZE[0] // 2, SIZE[1] // 2)
    for one, other in ((found.forwards, everywhere.forwards), (found.backwards, everywhere.backwards)):
        assert np.percentile(np.linalg.norm(one(INSIDE) - other(INSIDE), axis=1), 90) < 0.1


def test_corners_far_from_the_hole_move_with_what_they_lie_on(views: list[View]) -> None:
    found = NeighbourMotion.between(*views)
    points = np.stack(np.meshgrid(np.arange(40.0, 600, 40), (100, 440)), axis=-1).reshape(-1, 2).astype(np.float32)
    is_below = points[:, 1] > EDGE
    expected = points + np.where(is_below[:, None], (12, 2), (5, 2))
    assert np.median(np.linalg.norm(found.forwards(points) - expected, axis=1)) < 0.2
    assert np.percentile(np.linalg.norm(found.forwards(points) - expected, axis=1), 90) < 0.7


def test_movement_widens_the_surroundings() -> None:
    flow, trust = np.zeros((60, 80, 2), np.float32), np.ones((60, 80), np.float32)
    window = slice(50, 60), slice(70, 90)
    moving = flow.copy()
    moving[25:30, 40:44] = 6  # at half the size: 12
    still, wide = (local_flow.surroundings(window, ((each, trust),) * 2, (120, 160)) for each in (flow, moving))
    assert still == (slice(26, 84), slice(46, 114))
    assert wide == (slice(14, 96), slice(34, 126))
