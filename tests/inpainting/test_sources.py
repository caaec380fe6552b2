"""The sources of several frames are chosen at once, and come in order."""

import threading

import numpy as np
import pytest

from master_thesis.inpainting import sources
from master_thesis.inpainting.motions import Motions
from master_thesis.inpainting.sources import Order, choose_sources, followed_both_ways, points_of
from master_thesis.models.classical.exposure import Exposure
from master_thesis.models.classical.neighbours import NeighbourMotion
from master_thesis.ops.position_map import Places
from master_thesis.runtime.ahead import NUM_THREADS

NUM_FRAMES, PATIENCE_S = 2 * NUM_THREADS, 20


def test_sources_are_chosen_for_several_frames_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    together = threading.Barrier(NUM_THREADS)

    def choose(t: int, points: np.ndarray, sides: tuple[Places, Places], *_: object) -> tuple:
        together.wait(PATIENCE_S)
        return sides[0], np.full((len(points), 3), float(t)), np.zeros(len(points), bool)

    monkeypatch.setattr(sources, "choose_labels", choose)
    frames, hole = [np.zeros((32, 40, 3), np.uint8)] * NUM_FRAMES, np.zeros((32, 40), bool)
    hole[10:14, 10:14] = True
    holes = [hole] * NUM_FRAMES
    order = Order(range(NUM_FRAMES), 1)
    chosen = list(choose_sources(frames, holes, Motions.of(frames, holes), order))
    assert [t for t, _ in chosen] == [int(each.colours[0, 0]) for _, each in chosen] == [1, 0, *range(2, NUM_FRAMES)]


@pytest.mark.parametrize("step", [0.3, 0.45, 0.6, 0.8, 1.4, 2.6])
def test_slow_pans_show_as_much_as_they_move(step: float) -> None:
    """A hole that stays where it is in the picture, and a camera that moves by a part of a pixel per frame."""
    size, count = (60, 80), round(12 / step) + 1
    camera, nothing = np.array([[1, 0, -step], [0, 1, 0], [0, 0, 1]]), np.zeros((1, 1, 2), np.float16)
    motion = NeighbourMotion(camera, nothing, nothing, np.ones(2), Exposure.unchanged())
    motions = Motions(dict.fromkeys(range(count - 1), motion), [Exposure.unchanged()] * count)
    hole = np.zeros(size, bool)
    hole[20:40, 25:55] = True
    left, top = points_of(hole).T
    for t, (behind, ahead) in followed_both_ways([hole] * count, motions, Order(range(count), count // 2)):
        for places, sign in ((behind, 1), (ahead, -1)):
            known = places.source >= 0
            moved = left + sign * step * np.abs(places.source - t)
            np.testing.assert_allclose(places.xy[known], np.stack((moved, top), axis=-1)[known], atol=1e-3)
            assert not hole[20, np.rint(places.xy[known, 0]).astype(int)].any()
        way = step * max(t, count - 1 - t), step * min(t, count - 1 - t)
        assert abs((behind.is_known | ahead.is_known).mean() - sum(way) / 30) < 0.05
