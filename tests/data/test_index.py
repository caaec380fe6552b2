import json
import logging
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from master_thesis.data import index as index_module
from master_thesis.data.index import load_index, mask_area
from master_thesis.data.sequences import SequenceSet
from master_thesis.errors import UserError
from master_thesis.images.codec import write_png


def read_json(path):
    return json.loads(Path(path).read_text())


@pytest.fixture
def measured(monkeypatch):
    """One entry per mask sequence that was measured."""
    calls = []
    monkeypatch.setattr(index_module, "mask_area", lambda files: (calls.append(files), mask_area(files))[1])
    return calls


def test_the_second_start_reads_the_cache(data_config, measured):
    first = load_index(data_config())
    num_calls = len(measured)
    assert num_calls > 0
    assert load_index(data_config()) == first
    assert len(measured) == num_calls


@pytest.mark.parametrize("change", [{"min_mask_size": 0.04}, {"max_mask_size": 0.2}])
def test_a_cache_of_other_options_is_rebuilt(data_config, measured, change):
    load_index(data_config())
    num_calls = len(measured)
    load_index(data_config(**change))
    assert len(measured) == 2 * num_calls


def test_a_cache_of_another_folder_is_rebuilt(data_config, sample_tree, tmp_path, measured):
    load_index(data_config())
    num_calls = len(measured)
    other = tmp_path / "other"
    other.mkdir()
    for name in ("GOT10k", "YouTubeVOS"):
        (other / name).symlink_to(sample_tree / name)
    load_index(data_config(data_path=str(other)))
    assert len(measured) == 2 * num_calls


def test_a_changed_list_is_noticed(data_config, tmp_path, measured):
    root = tmp_path / "copy"
    shutil.copytree(data_config().data_path, root)
    config = data_config(data_path=str(root))
    before = load_index(config)
    list_file = root / "GOT10k" / "train" / "list.txt"
    list_file.write_text("\n".join(list_file.read_text().split()[:-1]))
    assert len(load_index(config).frames_train.names) == len(before.frames_train.names) - 1


@pytest.mark.parametrize("damage", ["", "1}", "[]", "null}", "\x80", "[" * 100_000])
def test_a_damaged_cache_is_rebuilt(data_config, damage):
    config = data_config()
    first = load_index(config)
    with open(config.data_ckpt_path, "w", encoding="latin-1") as file:
        file.write('{\n "key":' + damage)
    assert load_index(config) == first
    assert read_json(config.data_ckpt_path)["key"]


def test_an_empty_cache_is_rebuilt(data_config):
    first, path = load_index(data_config()), Path(data_config().data_ckpt_path)
    path.write_bytes(b"")
    assert load_index(data_config()) == first


def test_a_modified_cache_is_rebuilt(data_config, caplog):
    """A flipped bit may leave the JSON valid."""
    config = data_config()
    first = load_index(config)
    content = read_json(config.data_ckpt_path)
    content["sets"]["frames_train"]["names"].pop()
    Path(config.data_ckpt_path).write_text(json.dumps(content, indent=1))
    with caplog.at_level(logging.WARNING):
        assert load_index(config) == first
    assert "is damaged and will be rebuilt" in caplog.text


@pytest.mark.parametrize("content", [b"\xff\xd8\xff\xe0 a photograph", b"{}", b"[]", b"PK\x03\x04"])
def test_a_file_that_is_not_a_cache_is_never_replaced(data_config, content, monkeypatch, caplog):
    """And refused before the masks are measured, without calling it a damaged cache."""
    monkeypatch.setattr(index_module, "_measure", lambda masks: pytest.fail("masks were measured"))
    config = data_config()
    Path(config.data_ckpt_path).parent.mkdir()
    Path(config.data_ckpt_path).write_bytes(content)
    with pytest.raises(
        UserError, match=r"--data_ckpt_path .* is not a cache and is kept: remove it or choose another path"
    ):
        load_index(config)
    assert Path(config.data_ckpt_path).read_bytes() == content
    assert "damaged" not in caplog.text


def test_a_cache_that_leads_outside_is_rebuilt(data_config, caplog):
    config = data_config()
    first = load_index(config)
    content = read_json(config.data_ckpt_path)
    for root, names in (("/etc", ["ssl"]), (content["sets"]["frames_train"]["root"], ["../../../.."])):
        content["sets"]["frames_train"] |= {"root": root, "names": names}
        content["digest"] = index_module._digest(content["sets"])
        Path(config.data_ckpt_path).write_text(json.dumps(content, indent=1))
        with caplog.at_level(logging.WARNING):
            assert load_index(config) == first
        assert "is damaged and will be rebuilt" in caplog.text
        caplog.clear()


def test_masks_of_training_and_validation_are_told_apart(data_config, caplog):
    with caplog.at_level(logging.INFO):
        index = load_index(data_config())
    counts = [len(index.masks_train.names), len(index.masks_val.names)]
    for use, count in zip(("training", "validation"), counts, strict=True):
        assert f"for {use}, {index.masks_train.root}: {count} sequence" in caplog.text


def test_writing_the_cache_leaves_no_other_file(data_config):
    config = data_config()
    load_index(config)
    assert os.listdir(os.path.dirname(config.data_ckpt_path)) == ["data.ckpt"]


def test_a_cache_that_cannot_be_written_is_reported_before_masks_are_measured(data_config, tmp_path, monkeypatch):
    monkeypatch.setattr(index_module, "_measure", lambda masks: pytest.fail("masks were measured"))
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"--data_ckpt_path .* should be a writable file"):
        load_index(data_config(data_ckpt_path=str(tmp_path / "file" / "cache")))


def test_only_masks_strictly_inside_the_window_are_used(data_config):
    everything = load_index(data_config(min_mask_size=0.0, max_mask_size=1.0))
    largest = max(mask_area(everything.masks_val.files(name)) for name in everything.masks_val.names)
    used = load_index(data_config(min_mask_size=0.0, max_mask_size=largest))
    for narrow, wide in ((used.masks_train, everything.masks_train), (used.masks_val, everything.masks_val)):
        areas = {name: mask_area(wide.files(name)) for name in wide.names}
        assert set(narrow.names) == {name for name, area in areas.items() if area < largest}
    assert 0 < len(used.masks_train.names) < len(everything.masks_train.names)
    assert not set(everything.masks_train.names) & set(everything.masks_val.names)


def test_a_lack_of_fitting_masks_is_reported(data_config):
    with pytest.raises(
        UserError,
        match=r"no mask sequence for training .* --min_mask_size 0.9 .* --max_mask_size 0.95: widen the range",
    ):
        load_index(data_config(min_mask_size=0.9, max_mask_size=0.95))


def test_the_area_is_the_mean_over_ten_spread_frames(tmp_path):
    for i in range(40):
        mask = np.zeros((10, 10), bool)
        mask.flat[:i] = True
        write_png(tmp_path / f"{i}.png", mask)
    files = SequenceSet(tmp_path.parent, (tmp_path.name,)).files(tmp_path.name)
    expected = np.linspace(0, 39, 10).round().mean() / 100
    assert mask_area(files) == pytest.approx(expected)
    (tmp_path / "0.png").write_bytes(b"")
    assert mask_area(files[:1]) != mask_area(files[:1])  # nan: nothing could be read
