"""Cuts are found where scenes meet, and nowhere else."""

import numpy as np
import pytest

from master_thesis.video.cuts import CutDetector
from stress.videos import moving_frames


def cuts_of(frames) -> list[int]:
    detector = CutDetector()
    for frame in frames:
        detector.add(frame)
    return detector.cuts()


def test_a_cut_is_found_between_scenes() -> None:
    frames = moving_frames(10) + moving_frames(7, seed=1) + moving_frames(12, seed=2)
    assert cuts_of(frames) == [10, 17]


def test_a_moving_camera_is_one_scene() -> None:
    assert cuts_of(moving_frames(30)) == []


def test_fast_movement_is_one_scene() -> None:
    picture = moving_frames(1, (48, 800))[0]
    assert cuts_of([picture[:, 20 * t : 20 * t + 64] for t in range(30)]) == []


def test_a_flash_is_not_a_cut() -> None:
    frames = moving_frames(12)
    frames[6] = np.full_like(frames[6], 255)
    assert cuts_of(frames) == []


def test_a_fade_is_not_a_cut() -> None:
    frames = [(frame * (1 - t / 19)).astype(np.uint8) for t, frame in enumerate(moving_frames(20))]
    assert cuts_of(frames) == []


@pytest.mark.parametrize("count", [0, 1, 2])
def test_videos_too_short_for_a_cut(count: int) -> None:
    assert cuts_of(moving_frames(count) if count else []) == []


def test_cuts_after_the_first_and_before_the_last_frame() -> None:
    frames = moving_frames(1, seed=3) + moving_frames(10) + moving_frames(1, seed=4)
    assert cuts_of(frames) == [1, 11]
