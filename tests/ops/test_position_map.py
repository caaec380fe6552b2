"""Positions are carried exactly where frames move against each other, and never mix frames."""

import numpy as np

from master_thesis.ops.position_map import MANY_FRAMES, NOWHERE, Places, PositionMap, by_frame

SIZE = (40, 60)


def grid_points(hole):
    y, x = np.nonzero(hole)
    return np.stack((x, y), axis=-1).astype(np.float32)


def test_ten_compositions_along_a_known_movement_stay_within_a_tenth_of_a_pixel() -> None:
    # Every frame is the one before, turned, stretched and shifted by fractions of a pixel.
    angle, centre = 0.01, np.array([30.0, 20.0])
    turn = 1.004 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])

    def step(points):
        return (points - centre) @ turn.T + centre + (0.37, -0.23)

    hole = np.zeros(SIZE, bool)
    hole[6:34, 8:52] = True
    known = PositionMap.of(10, np.zeros(SIZE, bool))
    for t in range(9, -1, -1):  # only frame 10 shows what the hole hides
        known = PositionMap.of(t, hole, known.at(step(grid_points(hole))))
    core = np.zeros(SIZE, bool)
    core[14:26, 20:40] = True
    points = expected = grid_points(core)
    for _ in range(10):
        expected = step(expected)
    places = known.at(points)
    assert (places.source == 10).all()
    assert np.abs(places.xy - expected).max() < 0.1


def test_positions_of_different_frames_are_never_mixed() -> None:
    hole = np.ones(SIZE, bool)
    points = grid_points(hole)
    is_left = points[:, 0] < 30
    xy = np.where(is_left[:, None], points, points + 1000)
    known = PositionMap.of(9, hole, Places(np.where(is_left, 3, 4).astype(np.int32), xy.astype(np.float32)))
    places = known.at(np.array([[29.4, 5.5], [29.6, 5.5]], np.float32))
    assert places.source.tolist() == [3, 4]
    np.testing.assert_allclose(places.xy, [[29.4, 5.5], [1029.6, 1005.5]], atol=1e-3)


def test_nothing_is_known_outside_and_where_nothing_was_found() -> None:
    hole = np.zeros(SIZE, bool)
    hole[10:20, 10:20] = True
    known = PositionMap.of(2, hole)
    places = known.at(np.array([[-0.6, 5], [59.1, 5], [5, 39.2], [15, 15], [np.nan, 0], [5, 5]], np.float32))
    assert places.source.tolist() == [NOWHERE] * 5 + [2]


def test_known_pixels_lie_in_their_own_frame() -> None:
    places = PositionMap.of(7, np.zeros(SIZE, bool)).at(np.array([[3.25, 4.75]], np.float32))
    assert places.source.tolist() == [7]
    np.testing.assert_allclose(places.xy, [[3.25, 4.75]], atol=1e-5)


def test_pixels_are_listed_by_frame_however_many_frames_there_are() -> None:
    for numbers in ([4], [40_000, 40_003], [-7, *range(2, 2 + MANY_FRAMES)], list(range(40_000, 40_000 + MANY_FRAMES))):
        source = np.random.default_rng(1).choice([*numbers, NOWHERE], 500).astype(np.int32)
        found = dict(by_frame(source))
        assert list(found) == numbers
        for k, index in found.items():
            np.testing.assert_array_equal(index, np.flatnonzero(source == k))
    assert not list(by_frame(np.full(9, NOWHERE, np.int32)))
