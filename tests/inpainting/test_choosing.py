"""The sources of every third frame are chosen, those of several at once, and carried on to the frames beside it."""

import threading

import cv2
import numpy as np
import pytest

from master_thesis.inpainting import choosing
from master_thesis.inpainting.choosing import TOGETHER, choose_sources
from master_thesis.inpainting.comparison import Views
from master_thesis.inpainting.decisions import Decision
from master_thesis.inpainting.motions import Motions
from master_thesis.inpainting.sources import WideHoles
from master_thesis.inpainting.trails import Order
from master_thesis.ops.pixels import EDGE_PX
from master_thesis.runtime.ahead import NUM_THREADS

SIZE, NUM_FRAMES, STEP, PATIENCE_S = (96, 128), 20, 2, 20


def panned(step: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Frames of a camera that moves to the right by some pixels per frame, and a hole that stays where it is."""
    noise = np.random.default_rng(4).integers(0, 256, (SIZE[0], SIZE[1] + NUM_FRAMES * step, 3)).astype(np.uint8)
    scene = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 1.5), None, 30, 225, cv2.NORM_MINMAX)
    hole = np.zeros(SIZE, bool)
    hole[40:56, 50:76] = True
    pan = [scene[:, step * t : step * t + SIZE[1]] for t in range(NUM_FRAMES)]
    return [np.where(hole[..., None], 124, frame).astype(np.uint8) for frame in pan], [hole] * NUM_FRAMES


@pytest.fixture
def decided(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of the frames that are decided on."""
    numbers, decide = list[int](), choosing.decide

    def noting(t: int, *arguments: object) -> Decision:
        numbers.append(t)
        return decide(t, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(choosing, "decide", noting)
    return numbers


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (Order(range(8), 3), [2, 0, 5, 7]),
        (Order(range(8), 0), [0, 2, 5, 7]),
        (Order(range(2, 7), 1), [3, 6]),
        (Order(range(4, 5), 4), [4]),
    ],
)
def test_every_third_frame_is_decided_on(decided: list[int], order: Order, expected: list[int]) -> None:
    frames, holes = panned(STEP)
    numbers = [t for t, _ in choose_sources(Views(frames, WideHoles(holes)), Motions.of(frames, holes), order)]
    assert numbers == [*order.backwards, *order.forwards]
    assert sorted(decided) == sorted(expected)


def test_frames_between_take_from_the_same_places(decided: list[int]) -> None:
    frames, holes = panned(STEP)
    chosen = dict(choose_sources(Views(frames, WideHoles(holes)), Motions.of(frames, holes), Order(range(7, 12), 7)))
    assert sorted(decided) == [7, 9, 11]
    for t in (8, 10):
        places, shape = chosen[t].places, chosen[t].wide.shape
        known, (y, x) = places.is_known, np.nonzero(chosen[t].wide)
        assert known.mean() > 0.95
        expected = np.stack((x + STEP * (t - places.source), y), axis=-1)[known]
        assert np.abs(places.xy[known] - expected).max() < 0.1
        taken = np.full(shape, 9)  # what the frame in the middle shows itself is copied from there
        taken[chosen[9].wide] = chosen[9].places.source
        assert (places.source == taken[y, x + STEP * (t - 9)]).all()


@pytest.mark.parametrize("step", [2, 7])
def test_nothing_is_taken_from_the_very_edge_of_a_frame(step: int) -> None:
    """It is often dark. Pixels that lie there themselves may be taken from there: the camera may stand still."""
    frames, _ = panned(step)
    hole = np.zeros(SIZE, bool)
    hole[40:56, 6:76] = True
    holes, num_near = [hole] * NUM_FRAMES, 0
    for _, chosen in choose_sources(Views(frames, WideHoles(holes)), Motions.of(frames, holes), Order(range(9), 0)):
        x, taken = np.nonzero(chosen.wide)[1], chosen.places.xy[:, 0]
        is_deeper = chosen.places.is_known & (x > taken + 1)
        assert taken[is_deeper].min(initial=9) >= EDGE_PX - 0.5  # choices that are carried over move with their pixels
        num_near += np.count_nonzero(is_deeper & (taken < EDGE_PX + 1))
    assert num_near > 0, "what lies beside the edge is taken"


def test_the_mean_of_sources_is_carried_on_as_well() -> None:
    frames, holes = panned(STEP)
    motions = Motions.of(frames, holes)
    fresh = dict(choose_sources(Views(frames, WideHoles(holes)), motions, Order(range(9, 10), 9)))[9]
    carried = dict(choose_sources(Views(frames, WideHoles(holes)), motions, Order(range(9, 12), 8)))[9]
    both = ~np.isnan(fresh.colours[:, 0]) & ~np.isnan(carried.colours[:, 0])
    assert both.mean() > 0.7
    assert np.abs(fresh.colours - carried.colours)[both].mean() < 1


def test_where_little_stays_hidden_every_frame_is_decided_on(decided: list[int]) -> None:
    frames, holes = panned(12)
    list(choose_sources(Views(frames, WideHoles(holes)), Motions.of(frames, holes), Order(range(8), 0)))
    assert sorted(decided) == list(range(8))


def test_several_frames_are_decided_on_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    together = threading.Barrier(NUM_THREADS)

    def decide(t: int, points: np.ndarray, *_: object) -> Decision:
        together.wait(PATIENCE_S)
        return Decision([], np.zeros(len(points), bool))

    monkeypatch.setattr(choosing, "decide", decide)
    frames, holes = panned(STEP)
    count = TOGETHER * (2 * NUM_THREADS - 1) + 1
    found = choose_sources(
        Views(frames[:count], WideHoles(holes[:count])), Motions.of(frames, holes), Order(range(count), 0)
    )
    assert [t for t, _ in found] == list(range(count))
