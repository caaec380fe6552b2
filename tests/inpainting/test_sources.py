"""The sources of several frames are chosen at once, and come in order."""

import threading

import numpy as np
import pytest

from master_thesis.inpainting import sources
from master_thesis.inpainting.motions import Motions
from master_thesis.inpainting.sources import Order, choose_sources
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
