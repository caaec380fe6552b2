"""Other trackers: what is missing is named, and one of the user's own runs."""

import sys

import numpy as np
import pytest

from master_thesis.errors import UserError
from master_thesis.masking.trackers import OWN_PIXELS, load_tracker

OWN = """
from master_thesis.masking.carrying import Carried

class Still:
    def __init__(self, frame_at, size, weights=None):
        self.size, self.weights = size, weights

    def carry(self, keys, route):
        for frame in route[1:]:
            yield Carried(frame, keys[route[0]], 0.9)

class Nothing:
    pass
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "my_tracker.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "my_tracker", raising=False)


@pytest.mark.parametrize("weights", [None, "w.pt"])
def test_a_tracker_of_ones_own_runs(module, weights):
    loaded = load_tracker("my_tracker:Still", weights)
    tracker = loaded.make({}.__getitem__, (4, 6))
    assert (tracker.size, tracker.weights, loaded.pixels) == ((4, 6), weights, OWN_PIXELS)
    assert [each.frame for each in tracker.carry({3: np.ones((4, 6), np.float32)}, [3, 4, 5])] == [4, 5]


def test_what_is_no_tracker_is_refused(module):
    with pytest.raises(UserError, match="--tracker my_tracker:Nothing should have a method carry"):
        load_tracker("my_tracker:Nothing", None)
    with pytest.raises(UserError, match=r"--tracker none_such:A should be PACKAGE\.MODULE:CLASS, but cannot be"):
        load_tracker("none_such:A", None)


def test_missing_weights_and_packages_are_named(monkeypatch):
    with pytest.raises(UserError, match="--tracker sam2 needs --tracker_weights: a folder, or a name like"):
        load_tracker("sam2", None)
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(UserError, match=r"--tracker sam2 needs the package transformers: pip install"):
        load_tracker("sam2", "folder")
