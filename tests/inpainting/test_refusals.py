"""The prediction knows of what other frames show that is not there now, and of nothing else."""

import numpy as np
import pytest

from master_thesis.inpainting.planning import CameraPath
from master_thesis.inpainting.refusals import SIDE_PX, refused_shares

SIZE, NUM_FRAMES = (96, 128), 4
WALL, COAT = 150, (30, 40, 120)
PERSON = slice(30, 53)
Y, X = np.mgrid[: SIZE[0], : SIZE[1]]
HOLE = np.hypot(Y - 48, X - 50) < 12
STILL = CameraPath(np.tile(np.eye(3), (NUM_FRAMES, 1, 1)))


def wall(has_person: bool = False, light: float = 1.0) -> np.ndarray:
    noise = np.random.default_rng(1).integers(-20, 20, (*SIZE, 1))
    frame = np.broadcast_to(WALL + noise, (*SIZE, 3)).copy()
    if has_person:
        frame[:, PERSON] = COAT
    return (light * frame).astype(np.uint8)


def refused(others: list[np.ndarray]) -> float:
    """The share that is refused in the first frame; only that has a hole."""
    frames = np.stack([wall(), *others])
    holes = np.zeros((NUM_FRAMES, *SIZE), bool)
    holes[0] = HOLE
    (share,) = refused_shares(frames, holes, STILL, [0])
    return share


def test_as_much_is_refused_as_a_passer_by_covers_of_the_hole() -> None:
    covered = HOLE[:, PERSON].sum() / HOLE.sum()
    assert 0.4 < covered < 0.7
    assert refused([wall(has_person=True)] * 3) == pytest.approx(covered, abs=0.1)


def test_nothing_is_refused_where_all_frames_show_the_same() -> None:
    assert refused([wall()] * 3) == 0


def test_a_change_of_light_is_not_refused() -> None:
    assert refused([wall(light=0.85), wall(light=0.72), wall(light=0.61)]) == pytest.approx(0, abs=0.02)


def test_nothing_is_refused_of_what_no_frame_shows() -> None:
    frames, holes = np.stack([wall()] * NUM_FRAMES), np.tile(HOLE, (NUM_FRAMES, 1, 1))
    assert refused_shares(frames, holes, STILL, [1, 3]) == [0, 0]


def test_large_frames_are_reduced_with_their_motion() -> None:
    """A pan over a scene that is there in all frames, at more than the largest size that is tried."""
    step = 24
    scene = (
        np.random.default_rng(0).integers(0, 256, (12, 60, 3)).astype(np.uint8).repeat(20, axis=0).repeat(20, axis=1)
    )
    frames = np.stack([scene[:, step * t : step * t + 2 * SIDE_PX + 40] for t in range(6)])
    holes = np.zeros(frames.shape[:3], bool)
    holes[:, 100:140, 180:230] = True
    to_first = np.stack([np.array([[1.0, 0, step * t], [0, 1, 0], [0, 0, 1]]) for t in range(6)])
    assert refused_shares(frames, holes, CameraPath(to_first), [0, 3]) == pytest.approx([0, 0], abs=0.02)
