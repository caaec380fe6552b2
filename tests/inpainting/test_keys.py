"""The key frame holds most of what no frame shows, near to what it shows itself."""

import numpy as np
import pytest

from master_thesis.inpainting.keys import key_frame
from master_thesis.inpainting.motions import Motions
from master_thesis.models.classical.exposure import Exposure
from master_thesis.models.classical.neighbours import NeighbourMotion

SIZE = (96, 128)


def pan(step: int, count: int) -> Motions:
    """A camera that moves to the right."""
    motion = NeighbourMotion.of_camera(np.array([[1.0, 0, -step], [0, 1, 0], [0, 0, 1]]))
    return Motions(dict.fromkeys(range(count - 1), motion), [Exposure.unchanged()] * count)


def block(left: int, right: int) -> np.ndarray:
    hole = np.zeros(SIZE, bool)
    hole[30:70, max(left, 0) : max(right, 0)] = True
    return hole


def chosen(holes: list[np.ndarray], motions: Motions, targets: range) -> int:
    """The key frame in front of a wall without texture."""
    return key_frame([np.full((*SIZE, 3), 120, np.uint8)] * len(holes), holes, motions, targets)


def test_it_holds_all_of_what_enters_and_leaves_the_picture() -> None:
    """A logo on a wall, 40 px wide, that a pan of 16 px a frame passes; frames 4 to 9 hold all of it, 5 and later ones
    with what surrounds it."""
    holes = [block(150 - 16 * t, 190 - 16 * t) for t in range(12)]
    assert chosen(holes, pan(16, 12), range(12)) == 5
    assert chosen(holes, pan(16, 12), range(6, 12)) == 6
    assert chosen(holes, pan(16, 12), range(10, 12)) == 10


@pytest.mark.parametrize("shift", [0, 5])
def test_of_frames_that_hold_the_same_it_shows_most_around_it(shift) -> None:
    """Nothing shows the 20 px that all holes share; the hole of frame 2 is the smallest."""
    grown = [30, 20, 4, 12]
    holes = [block(60 - grow - shift * t, 80 + grow - shift * t) for t, grow in enumerate(grown)]
    hidden = [block(60 - shift * t, 80 - shift * t) for t in range(4)]
    assert chosen([hole | other for hole, other in zip(holes, hidden, strict=True)], pan(shift, 4), range(4)) == 2


def test_it_is_the_first_one_where_all_are_equal_or_nothing_is_hidden() -> None:
    assert chosen([block(40, 60)] * 4, pan(0, 4), range(1, 4)) == 1
    apart = [block(20 + 25 * t, 40 + 25 * t) for t in range(4)]
    assert chosen(apart, pan(0, 4), range(1, 4)) == 1


def test_what_frames_after_the_targets_show_is_not_hidden() -> None:
    """Frame 3, which is no target, shows all that frame 1 hides, though it hides much itself."""
    holes = [block(60, 120), block(20, 110), block(60, 100), block(70, 110)]
    assert chosen(holes, pan(0, 4), range(3)) == 2
    holes[3] = block(110, 120)
    assert chosen(holes, pan(0, 4), range(3)) == 0


def test_frames_in_which_somebody_passes_beside_the_hole_are_left_out() -> None:
    holes, frames = [block(50, 70)] * 5, [np.full((*SIZE, 3), 120, np.uint8) for _ in range(5)]
    frames[0][30:70, 40:60] = 30
    frames[1][30:70, 66:80] = 30
    assert key_frame(frames, holes, pan(0, 5), range(5)) == 2
