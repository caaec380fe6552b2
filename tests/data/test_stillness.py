import logging
from dataclasses import replace

import numpy as np
import pytest
import torch

from master_thesis.data.datamodule import DataModule
from master_thesis.data.items import to_clip
from master_thesis.data.stillness import StillClips
from master_thesis.images.codec import write_jpeg
from tests.factories import make_clip


def clip_of(frames, is_simulated=False):
    movement = np.tile(np.eye(3), (len(frames), 1, 1)) if is_simulated else None
    return to_clip(np.stack(frames), np.zeros((len(frames), 8, 8), bool), "x", movement)


def test_real_clips_whose_frames_are_all_the_same_are_counted():
    still, other = (np.full((8, 8, 3), value, np.uint8) for value in (10, 11))
    counts = StillClips()
    for frames in ([still, still, still], [still, other, still], [still, still, other], [still]):
        counts.add(clip_of(frames))
    counts.add(clip_of([still, still], is_simulated=True))
    assert (counts.num_still, counts.num_real, list(counts.names)) == (1, 3, ["x"])


def test_every_clip_of_a_batch_is_looked_at():
    clip = make_clip(num=3, num_frames=3, is_simulated=True)
    clip = replace(clip, is_simulated=torch.tensor([False, False, True]))
    clip.frames[1] = clip.frames[1, :, :1]
    counts = StillClips()
    counts.add(clip)
    assert (counts.num_still, counts.num_real, list(counts.names)) == (1, 2, [clip.names[1]])


def test_a_training_reports_sequences_that_stand_still_once(data_config, sample_tree, tmp_path, caplog):
    root = tmp_path / "data"
    (root / "GOT10k").mkdir(parents=True)
    (root / "YouTubeVOS").symlink_to(sample_tree / "YouTubeVOS")
    for part in ("train", "val"):
        (root / "GOT10k" / part / "frozen").mkdir(parents=True)
        for i in range(4):
            write_jpeg(root / "GOT10k" / part / "frozen" / f"{i}.jpg", np.full((64, 64, 3), 90, np.uint8))
        (root / "GOT10k" / part / "list.txt").write_text("frozen")
    data = DataModule(data_config(data_path=str(root), p_simulator_bgs=0.0, train_max_iterations=2))
    data.setup("fit")
    loader = data.train_dataloader()
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            clips = iter(loader)
            assert [next(clips).is_simulated.any().item() for _ in range(2)] == [
                False,
                False,
            ]  # as far as Lightning reads
            loader.still_clips.report()
    assert caplog.text.count("4 of 4 real clips stand still, their frames are identical: frozen (docs/data.md") == 1


@pytest.mark.parametrize("num", [10, 11])
def test_at_most_ten_sequences_are_named(caplog, num):
    counts = StillClips()
    counts.num_still, counts.num_real, counts.names = num, 99, {f"s{i}": None for i in range(num)}
    counts.report()
    assert caplog.text.count("s9") == 1
    assert ("..." in caplog.text) == (num > 10)
