"""Key frames are replaced whole: who reads one while it is drawn again gets the mask before."""

import numpy as np

from master_thesis.app import keys
from master_thesis.app.keys import KeyFrames

SIZE = (6, 8)


def test_a_mask_that_is_being_replaced_can_be_read(tmp_path, monkeypatch):
    kept, first, second = KeyFrames(tmp_path, SIZE), np.eye(*SIZE, dtype=bool), np.ones(SIZE, bool)
    kept.set(2, first)
    seen, write = [], keys.write_png

    def watched(path, mask):
        path.touch()
        seen.append(kept.mask(2))
        write(path, mask)

    monkeypatch.setattr(keys, "write_png", watched)
    kept.set(2, second)
    assert np.array_equal(seen[0], first)
    assert np.array_equal(kept.mask(2), second)


def test_a_frame_is_either_drawn_or_gone(tmp_path):
    kept = KeyFrames(tmp_path, SIZE)
    for mask, is_gone in ((np.ones(SIZE, bool), False), (np.zeros(SIZE, bool), True), (np.ones(SIZE, bool), False)):
        kept.set(3, mask)
        assert kept.frames() == {3: is_gone}
        assert np.array_equal(kept.mask(3), mask)
