import hashlib
import os
import socket

import numpy as np
import pytest

from master_thesis.data.builtin import sample
from master_thesis.data.builtin.sample import write_sample_data
from master_thesis.data.index import mask_area
from master_thesis.data.sequences import find_backgrounds, find_masks, find_test_sequences
from master_thesis.errors import UserError
from master_thesis.images.codec import read_frame, read_mask


def fingerprint(root):
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_call_writes_the_same_bytes(sample_tree, tmp_path, monkeypatch):
    def no_network(*args, **kwargs):
        raise AssertionError("the built-in data needs no network")

    monkeypatch.setattr(socket, "socket", no_network)
    write_sample_data(tmp_path / "again", height=80, num_frames=8)
    assert fingerprint(tmp_path / "again") == fingerprint(sample_tree)
    write_sample_data(tmp_path / "again", seed=1, height=48, num_frames=3)  # its own data is replaced
    for part in ("GOT10k/train/coins", "DAVIS-2017/JPEGImages"):
        again, before = (set(fingerprint(root / part).values()) for root in (tmp_path / "again", sample_tree))
        assert not again & before
    assert sorted(os.listdir(tmp_path / "again")) == ["DAVIS-2017", "GOT10k", "YouTubeVOS", "sample_data.json"]


def test_all_three_data_sets_are_found(sample_tree):
    train, val = (find_backgrounds(str(sample_tree), part) for part in ("train", "val"))
    sequences, found = find_test_sequences(str(sample_tree))
    assert (len(train.names), len(val.names), len(sequences)) == (8, 2, 2)
    assert not {*train.names} & {*val.names}
    assert train.num_missing == val.num_missing == found.num_missing == 0
    assert len(train.files("rocket")) == 8


def test_most_mask_areas_lie_in_the_default_range(sample_tree):
    masks = find_masks(str(sample_tree))
    areas = [mask_area(masks.files(name)) for name in masks.names]
    assert sum(0.05 < area < 0.15 for area in areas) >= 0.9 * len(areas)


def test_frames_show_the_true_background_outside_their_masks(sample_tree):
    for sequence in find_test_sequences(str(sample_tree))[0]:
        for frame, mask in zip(sequence.frames, sequence.masks, strict=True):
            difference = np.abs(
                read_frame(frame).astype(int) - read_frame(frame.replace("JPEGImages", "TrueBackground"))
            ).mean(axis=-1)
            hole = read_mask(mask)
            assert difference[~hole].mean() < 2  # JPEG blocks at the border of the hole
            assert difference[hole].mean() > 15


def test_the_camera_moves_smoothly(sample_tree):
    files = find_backgrounds(str(sample_tree), "val").files("chelsea")
    frames = np.stack([read_frame(path) for path in files]).astype(int)
    near, far = np.abs(frames[1:] - frames[:-1]).mean(), np.abs(frames[-1] - frames[0]).mean()
    assert 1 < near < far


def test_a_folder_with_other_files_is_refused(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / ".gitkeep").write_text("")
    write_sample_data(tmp_path / "data", height=48, num_frames=2)  # hidden files do not count
    (tmp_path / "data" / "sample_data.json").unlink()
    before = fingerprint(tmp_path / "data")
    with pytest.raises(UserError, match="data should be a new or empty folder for the built-in data"):
        write_sample_data(tmp_path / "data", height=48, num_frames=2)
    assert fingerprint(tmp_path / "data") == before


def test_a_folder_that_cannot_be_written_is_reported(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"should be a writable folder for the built-in data \("):
        write_sample_data(tmp_path / "file" / "data")


def test_an_interrupted_call_leaves_nothing_behind(tmp_path, monkeypatch):
    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(sample, "_write_masks", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_sample_data(tmp_path / "data", height=48, num_frames=2)
    assert os.listdir(tmp_path / "data") == []
