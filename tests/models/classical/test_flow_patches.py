"""A flow is read finely where it is known finely, and coarsely elsewhere."""

import numpy as np
import pytest

from master_thesis.models.classical.flow_patches import FlowPatch, LocalFlow

POINTS = np.array([[40.5, 20.5], [79.5, 44.5], [4.5, 4.5], [120, 100], [60.5, 90]], np.float32)


def linear(scale: float, rows: slice, columns: slice) -> FlowPatch:
    """The flow (x, -y) / 10 of a frame, reduced."""
    y, x = np.mgrid[rows, columns]
    flow = np.stack((x + 0.5, -(y + 0.5)), axis=-1) / scale - (0.5, -0.5)
    return FlowPatch.of(flow / 10 * scale, (columns.start, rows.start), np.full(2, scale))


def test_a_part_holds_the_flow_of_its_place() -> None:
    part = linear(0.5, slice(5, 30), slice(10, 50))
    flow, inside = part.at(POINTS)
    assert inside.tolist() == [True, True, False, False, False]
    np.testing.assert_allclose(flow[:2], POINTS[:2] * (0.1, -0.1), atol=0.01)


def test_points_outside_the_fine_part_take_the_coarse_flow() -> None:
    fine, coarse = linear(0.5, slice(5, 30), slice(10, 50)), linear(0.25, slice(0, 30), slice(0, 40))
    marked = fine._replace(flow=fine.flow + np.float16(100))
    expected = POINTS * (0.1, -0.1) + np.array([[100], [100], [0], [0], [0]])
    np.testing.assert_allclose(LocalFlow(coarse, marked).at(POINTS), expected, atol=0.07)


def test_what_stands_still_says_so() -> None:
    assert LocalFlow.still().is_still
    assert (LocalFlow.still().at(POINTS) == 0).all()
    assert not LocalFlow(FlowPatch.still(), linear(1, slice(0, 4), slice(0, 4))).is_still


@pytest.mark.parametrize("size", [(1, 1), (4, 1), (1, 4), (4, 4), (5, 7)])
def test_each_axis_is_kept_in_pixels_of_the_frame(size: tuple[int, int]) -> None:
    flow = np.random.default_rng(0).normal(0, 3, (*size, 2)).astype(np.float32)
    kept = FlowPatch.of(flow, (0, 0), np.array([0.5, 0.25])).flow
    np.testing.assert_allclose(kept, flow * (2, 4), atol=0.01)
