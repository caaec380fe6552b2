"""Holes and samples that coarse colours are learned from are what they should be, and training is repeatable."""

import numpy as np
import pytest
from safetensors.torch import load_file

from master_thesis.images.codec import write_jpeg, write_png
from master_thesis.models.coarse import SIDE
from scripts import coarse
from scripts.coarse_masks import around, blob, placed


@pytest.fixture
def data(tmp_path):
    """Two noisy photographs, one that is measured on, and a disc as the only silhouette."""
    random = np.random.default_rng(0)
    for name in ("photo-1", "photo-2", "photo-3", "photo-4", "davis-dog"):
        (tmp_path / "GOT10k" / "train" / name).mkdir(parents=True)
        write_jpeg(
            tmp_path / "GOT10k" / "train" / name / "1.jpg", random.integers(0, 256, (48, 64, 3)).astype(np.uint8)
        )
    outlines = tmp_path / "YouTubeVOS" / "train" / "Annotations" / "walk"
    outlines.mkdir(parents=True)
    y, x = np.mgrid[:48, :64]
    write_png(outlines / "1.png", np.hypot(y - 20, x - 30) < 9)
    return tmp_path


def test_frames_are_divided_and_none_that_is_measured_on_is_read(data):
    assert [len(coarse.read_frames(data, held)) for held in (False, True)] == [3, 1]
    (outline,) = coarse.read_outlines(data)
    assert outline.shape == (17, 17)


def test_holes_lie_in_the_frame_and_are_seen_with_as_much_around_them():
    random = np.random.default_rng(0)
    for _ in range(60):
        mask = placed(blob(random), (60, 90), random)
        assert mask.shape == (60, 90)
        assert set(np.unique(mask)) <= {0, 1}
        if mask.any():
            assert mask[around(mask)].sum() == mask.sum()
    mask = np.zeros((60, 90), np.uint8)
    mask[20:30, 40:44] = 1
    assert around(mask) == (slice(10, 40), slice(30, 54))


def test_samples_know_what_is_true_in_their_hole(data):
    drawn = coarse.samples(coarse.read_frames(data, False), coarse.read_outlines(data), np.random.default_rng(0))
    for _ in range(5):
        both, visible = next(drawn)
        truth, colours = both[:SIDE], both[SIDE:]
        is_known = visible[..., 0] == 1
        assert 0 < is_known.mean() < 1
        assert np.allclose(truth[is_known], colours[is_known], atol=1e-3)


def test_training_writes_weights_in_half_precision(data, monkeypatch, capsys):
    monkeypatch.setattr(coarse, "BATCH", 2)
    coarse.train(data, data / "out.safetensors", 0.01, None, 1e-3)
    weights = load_file(data / "out.safetensors")
    assert {str(tensor.dtype) for tensor in weights.values()} == {"torch.float16"}
    assert "out.safetensors" in capsys.readouterr().out
