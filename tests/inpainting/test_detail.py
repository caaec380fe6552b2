"""Sources are compared with a frame by what both show."""

import numpy as np
import pytest

from master_thesis.inpainting.detail import relative_detail


def test_sources_are_compared_by_what_both_frames_show() -> None:
    source = np.repeat(np.array([3, 5], np.int32), 5000)
    here, there = np.full(10000, 8.0), np.where(source == 3, 4.0, 10.0)
    other = np.arange(10000) % 2 == 0
    found = relative_detail(source, np.where(other, 90, here), there, np.where(other, 60.0, 3.0))
    assert found[3] == pytest.approx(2, rel=0.1)
    assert found[5] == pytest.approx(0.8, rel=0.1)
    assert relative_detail(source, here, there, np.full(10000, 60.0)) == {}
