"""Composed clips are what their masks say, and a step on them has a gradient everywhere."""

import random

import numpy as np
import pytest
import torch

from master_thesis.images.codec import write_jpeg, write_png
from master_thesis.models.carrier import MaskCarrier
from scripts import carrier, moving_objects
from scripts.moving_objects import Composer, there_and_back

SIZE = (32, 48)


@pytest.fixture
def stock(tmp_path, monkeypatch):
    """Grey photographs and a disc as the only silhouette, packed and read again."""
    for module in (carrier, moving_objects):
        monkeypatch.setattr(module, "SIZE", SIZE)
    for name in ("photo", "davis-dog"):
        (tmp_path / "GOT10k" / "train" / name).mkdir(parents=True)
        write_jpeg(tmp_path / "GOT10k" / "train" / name / "1.jpg", np.full((*SIZE, 3), 128, np.uint8))
    folder = tmp_path / "GOT10k" / "train" / "clip"
    folder.mkdir()
    outlines = tmp_path / "YouTubeVOS" / "train" / "Annotations" / "walk"
    outlines.mkdir(parents=True)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    for t in range(3):
        write_jpeg(folder / f"{t}.jpg", np.full((*SIZE, 3), 100 + 20 * t, np.uint8))
        write_png(outlines / f"{t}.png", np.hypot(y - 16, x - 20 - 2 * t) < 9)
    carrier.pack(tmp_path, tmp_path / "load.npz")
    return carrier.read_stock(tmp_path / "load.npz", "cpu")


def test_runs_turn_round_at_their_ends():
    assert there_and_back(10, 4, 2, 1, 6) == [12, 13, 12, 11, 10, 11]
    assert there_and_back(10, 1, 0, 3, 3) == [10, 10, 10]


def test_a_pack_holds_clips_and_silhouettes_without_what_is_measured_on(stock):
    assert stock.clips == [(0, 3), (3, 1)]
    assert stock.silhouettes == [(0, 3)]
    assert stock.frames.shape == (4, 3, *SIZE)
    assert float(stock.masks[0].float().mean()) / 255 == pytest.approx(np.pi * 81 / (32 * 48), rel=0.1)


def test_a_step_on_a_composed_clip_has_a_gradient_everywhere(stock):
    torch.manual_seed(0)
    random.seed(0)
    frames, masks = Composer(stock, 3).draw(2)
    assert frames.shape == (2, 3, 3, *SIZE)
    assert set(masks.unique().tolist()) == {0.0, 1.0}
    # 8 channels at least: with fewer ones in channels-last order, the backward pass of oneDNN's convolutions of 1 x 1
    # with stride 2 writes beyond its memory on processors without AVX-512.
    network = MaskCarrier(width=8, key=6, value=5)
    carrier.step(network, frames, masks).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())
