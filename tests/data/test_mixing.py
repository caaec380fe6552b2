import logging
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from master_thesis.configs.data import DataConfig, parse_weighted
from master_thesis.data.datamodule import DataModule
from master_thesis.data.mixing import Mixture, choose_set
from master_thesis.data.sequences import SequenceSet
from master_thesis.errors import UserError
from master_thesis.images.codec import write_jpeg


def set_of(name):
    return SequenceSet(Path("/data"), (name,))


def test_sets_are_drawn_by_their_shares():
    mixture, rng = Mixture((set_of("a"), set_of("b"), set_of("c")), (0.5, 0.2, 0.3)), np.random.default_rng(0)
    counts = Counter(choose_set(mixture, rng).names[0] for _ in range(4000))
    assert [counts[name] / 4000 for name in "abc"] == pytest.approx([0.5, 0.2, 0.3], abs=0.03)


def test_a_single_set_costs_no_random_number():
    for sequences in (set_of("a"), Mixture((set_of("a"),), (1.0,))):
        rng = np.random.default_rng(0)
        assert choose_set(sequences, rng) == set_of("a")
        assert rng.random() == np.random.default_rng(0).random()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("more", ("more", 1.0)), ("more=0.25", ("more", 0.25)), ("a=b", ("a=b", 1.0)), ("a=b=3", ("a=b", 3.0))],
)
def test_a_folder_may_have_a_weight(text, expected):
    assert parse_weighted(text) == expected


@pytest.mark.parametrize("text", ["more=0", "more=-1", "=2", "more=inf", "more=nan"])
def test_weights_that_make_no_sense_are_refused(text):
    with pytest.raises(UserError, match=r"--further_data should be FOLDER or FOLDER=WEIGHT with a weight above 0, got"):
        DataConfig(further_data=(text,))


@pytest.fixture
def further(tmp_path):
    folder = tmp_path / "further"
    (folder / "GOT10k/train/red").mkdir(parents=True)
    for i in range(3):
        write_jpeg(folder / "GOT10k/train/red" / f"{i}.jpg", np.full((64, 64, 3), (200, 10 * i, 0), np.uint8))
    (folder / "GOT10k/train/list.txt").write_text("red")
    return folder


def names_of(config):
    data = DataModule(config)
    data.setup("fit")
    return [name for clip in data.train_dataloader() for name in clip.names]


def test_a_training_mixes_folders_by_weight(data_config, further, caplog):
    with caplog.at_level(logging.INFO):
        names = names_of(data_config(further_data=(f"{further}=3",), train_max_iterations=20))
    assert 0.5 < names.count("red") / len(names) < 0.95
    assert "25.0 % of the clips: " in caplog.text
    assert "75.0 % of the clips: " in caplog.text


def test_validation_keeps_to_the_first_folder(data_config, further):
    data = DataModule(data_config(further_data=(f"{further}=1000",)))
    data.setup("fit")
    assert "red" not in [name for clip in data.val_dataloader() for name in clip.names]


def test_a_further_folder_without_sequences_is_refused(data_config, tmp_path):
    (tmp_path / "empty").mkdir()
    data = DataModule(data_config(further_data=(str(tmp_path / "empty"),)))
    with pytest.raises(UserError, match=r"empty should hold a folder GOT10k, but has none"):
        data.setup("fit")
