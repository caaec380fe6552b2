import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from master_thesis.data.sampling import random_clip, regular_clip

frames_n = st.sampled_from([2, 3, 5, 7])


@given(frames_n, st.integers(1, 60), st.integers(1, 12), st.integers(0, 1000), st.booleans())
def test_a_clip_stays_inside_the_sequence_and_within_reach(n, length, spacing, seed, is_random):
    clip = random_clip(np.random.default_rng(seed), length, n, spacing, is_random)
    target = clip[n // 2]
    refs = clip[: n // 2] + clip[n // 2 + 1 :]
    assert len(clip) == n
    assert all(0 <= i < length for i in clip)
    assert all(abs(i - target) <= (n // 2) * spacing for i in refs)
    assert refs == sorted(refs)
    if length > 1:
        assert target not in refs
    reach = (n // 2) * spacing
    if is_random and min(target, reach) + min(length - 1 - target, reach) >= n - 1:
        assert len(set(clip)) == n


def test_every_frame_within_reach_is_drawn_at_times():
    rng = np.random.default_rng(0)
    drawn = {clip[1] - clip[0] for clip in (random_clip(rng, 50, 2, 3, True) for _ in range(500))}
    assert drawn == {-3, -2, -1, 1, 2, 3}


@pytest.mark.parametrize(
    ("target", "length", "n", "spacing", "expected"),
    [
        (20, 50, 2, 10, [10, 20]),
        (20, 50, 3, 10, [10, 20, 30]),
        (20, 50, 5, 4, [12, 16, 20, 24, 28]),
        (3, 50, 2, 10, [0, 3]),
        (0, 50, 2, 10, [10, 0]),
        (0, 2, 5, 10, [1, 1, 0, 1, 1]),
        (0, 1, 3, 10, [0, 0, 0]),
    ],
)
def test_regular_clips_by_hand(target, length, n, spacing, expected):
    assert regular_clip(target, length, n, spacing) == expected
