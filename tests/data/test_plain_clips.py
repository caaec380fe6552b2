"""Compares the clips with those of a plain implementation."""

import numpy as np
import pytest

from master_thesis.data.dataset import RandomClips
from master_thesis.data.sequences import SequenceSet
from tests.oracles.clips import PlainClips


@pytest.fixture
def sources(sample_tree):
    frames, masks = sample_tree / "GOT10k" / "train", sample_tree / "YouTubeVOS" / "train" / "Annotations"
    return [SequenceSet(p, tuple(sorted(f.name for f in p.iterdir() if f.is_dir()))) for p in (frames, masks)]


@pytest.mark.parametrize("p_simulated", [0.0, 1.0])
def test_clips_agree_with_the_plain_implementation(data_config, sources, p_simulated):
    config = data_config(p_simulator_bgs=p_simulated, bgs_movement_params=(5.0, 0.1, 0.2))
    fast, slow = (kind(config, *sources, 20, 3, True) for kind in (RandomClips, PlainClips))
    for i in range(6):
        a, b = fast[i].clip, slow[i].clip
        assert a.names == b.names
        assert a.is_simulated.tolist() == [p_simulated == 1.0]
        np.testing.assert_allclose(a.movement, b.movement, atol=1e-6)
        assert (a.mask != b.mask).float().mean() < 0.01
        difference = (a.frames.float() - b.frames.float()).abs() / 255
        assert difference.mean() < 0.03
        wrong = (a.frames.float() - b.frames.float().roll(3, dims=-1)).abs() / 255
        assert difference.mean() < wrong.mean() / 2, "a shift by three pixels would show"
