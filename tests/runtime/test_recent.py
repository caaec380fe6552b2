"""Arrays that were read last are kept, and come back as they were read."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from master_thesis.runtime.recent import RecentArrays


@pytest.mark.parametrize(("num_bytes", "expected"), [(0, [1, 2, 1, 3, 2]), (16, [1, 2, 3, 2]), (24, [1, 2, 3])])
def test_those_read_last_are_kept(num_bytes: int, expected: list[int]) -> None:
    read: list[int] = []

    def make(key: int) -> np.ndarray:
        read.append(key)
        return np.full(1, key)

    recent = RecentArrays(make, num_bytes)
    assert [int(recent[key][0]) for key in (1, 1, 2, 1, 3, 2)] == [1, 1, 2, 1, 3, 2]
    assert read == expected


def test_threads_share_them() -> None:
    recent = RecentArrays(lambda key: np.full(4, key), 3 * 32)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda i: (recent[i % 7] == i % 7).all(), range(500)))
    assert all(found)
