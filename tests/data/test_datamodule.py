import logging
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import pytorch_lightning as pl
import torch

from master_thesis.data.datamodule import DataModule
from master_thesis.data.items import Item, to_clip
from master_thesis.data.loading import BadFiles, ClipSampler
from master_thesis.errors import UserError

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*does not have many workers.*"),
    pytest.mark.filterwarnings("ignore:.*smaller than the logging interval.*"),
    pytest.mark.filterwarnings("ignore:.*was not set.*:UserWarning"),
    pytest.mark.filterwarnings("ignore:.*dirpath has changed.*"),
    pytest.mark.filterwarnings("ignore:.*exists and is not empty.*"),
    pytest.mark.filterwarnings("ignore:You requested to overfit.*"),
    pytest.mark.filterwarnings("ignore:.*isinstance.treespec, LeafSpec.*"),  # Lightning with a newer torch
]


class Recorder(pl.LightningModule):
    """Trains nothing and records the clips it receives."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.trained, self.validated = [], []

    def training_step(self, clip, _):
        self.trained.append((self.current_epoch, clip.frames.double().mean().item(), clip.frames.dtype))
        return self.weight * 1.0

    def validation_step(self, clip, _):
        self.validated.append(clip.frames.double().mean().item())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def fit(config, tmp_path, ckpt_path=None, **options):
    checkpoints = pl.callbacks.ModelCheckpoint(tmp_path, every_n_train_steps=1, save_top_k=-1, filename="{step}")
    trainer = pl.Trainer(
        accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False,
        callbacks=[checkpoints], default_root_dir=tmp_path, **({"max_epochs": 3} | options),
    )  # fmt: skip
    module = Recorder()
    trainer.fit(module, datamodule=DataModule(config), ckpt_path=ckpt_path, weights_only=False)
    return module


@pytest.mark.parametrize("num_workers", [0, 2])
def test_a_resumed_training_sees_the_remaining_clips(data_config, tmp_path, num_workers):
    config = data_config(num_workers=num_workers, validation_max_iterations=1)
    complete = fit(config, tmp_path / "complete")
    assert [epoch for epoch, *_ in complete.trained] == [0] * 4 + [1] * 4 + [2] * 4
    assert len(set(complete.trained)) == 12
    for step in (2, 4, 7) if num_workers == 0 else (6,):
        rest = fit(config, tmp_path / f"rest-{step}", tmp_path / "complete" / f"step={step}.ckpt")
        assert rest.trained == complete.trained[step:], step


def test_validation_is_the_same_in_every_epoch_and_run(data_config, tmp_path):
    first = fit(data_config(seed=1), tmp_path / "1", num_sanity_val_steps=0, max_epochs=2)
    second = fit(data_config(seed=2), tmp_path / "2", num_sanity_val_steps=0, max_epochs=1)
    assert first.validated[:2] == first.validated[2:] == second.validated
    assert not set(first.trained) & set(second.trained)


def test_workers_do_not_change_the_clips(data_config):
    batches = []
    for num_workers in (0, 2):
        module = DataModule(data_config(num_workers=num_workers))
        module.setup("fit")
        batches.append(list(module.train_dataloader()))
    assert len(batches[0]) == 4
    for one, other in zip(*batches, strict=True):
        assert torch.equal(one.frames, other.frames)
        assert one.frames.shape == (2, 3, 2, 32, 32)


def test_overfitting_repeats_the_same_batch(data_config, tmp_path):
    module = fit(data_config(), tmp_path, overfit_batches=1, max_epochs=3)
    assert len({mean for _, mean, _ in module.trained}) == 1
    assert len(module.trained) == 3


@pytest.mark.parametrize("is_even", [True, False])
def test_processes_share_the_clips_without_overlap(is_even):
    class Clips(torch.utils.data.Dataset):
        def __len__(self):
            return 11

    shares = [list(ClipSampler(Clips(), rank, 3, is_even, position=lambda: (2, 1))) for rank in range(3)]
    assert sorted(i for share in shares for i in share) == list(range(22 + 3, 22 + (9 if is_even else 11)))
    epoch = [list(ClipSampler(Clips(), rank, 3, is_even, position=lambda: (0, 0))) for rank in range(3)]
    lengths = [len(ClipSampler(Clips(), rank, 3, is_even, position=lambda: (0, 0))) for rank in range(3)]
    assert [len(share) for share in epoch] == lengths == ([3, 3, 3] if is_even else [4, 4, 3])


def test_testing_needs_only_davis(data_config, sample_tree, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "DAVIS-2017").symlink_to(sample_tree / "DAVIS-2017")
    module = DataModule(data_config(data_path=str(tmp_path / "data"), frames_n=-1, batch_size=1))
    module.setup("test")
    assert [clip.names for clip in module.test_dataloader()] == [("walker-crossing",), ("blob-lingering",)]
    assert not (tmp_path / "cache").exists()
    with pytest.raises(UserError, match="should hold a folder GOT10k"):
        DataModule(data_config(data_path=str(tmp_path / "data"))).setup("fit")


def test_stages_refuse_options_that_do_not_fit(data_config):
    with pytest.raises(UserError, match="--frames_n should be 2 or an odd number for training, got -1"):
        DataModule(data_config(frames_n=-1)).setup("fit")
    with pytest.raises(UserError, match=r"--batch_size should be 1 for complete sequences \(--frames_n -1\), got 2"):
        DataModule(data_config(frames_n=-1)).setup("test")


def test_validation_needs_a_batch_per_process(data_config):
    module = DataModule(data_config(validation_max_iterations=2))
    module.setup("validate")
    module.trainer = SimpleNamespace(global_rank=0, world_size=2)
    assert len(module.val_dataloader().sampler) == 2, "one batch of two clips"
    module.trainer = SimpleNamespace(global_rank=0, world_size=3)
    with pytest.raises(
        UserError, match="--validation_max_iterations should be at least the number of processes, 3, got 2"
    ):
        module.val_dataloader()


def test_a_test_continues_after_a_bad_sequence_and_reports_it(data_config, sample_tree, tmp_path, caplog):
    shutil.copytree(sample_tree / "DAVIS-2017", tmp_path / "data" / "DAVIS-2017")
    bad = tmp_path / "data/DAVIS-2017/JPEGImages/480p/walker-crossing/00003.jpg"
    bad.write_bytes(bad.read_bytes()[:-50])
    module = DataModule(data_config(data_path=str(tmp_path / "data"), frames_n=-1, batch_size=1))
    module.setup("test")
    with caplog.at_level(logging.WARNING):
        assert [clip.names for clip in module.test_dataloader()] == [("blob-lingering",)]
    assert module.bad_test_files.listed() == f"walker-crossing: {bad} is truncated"
    assert f"skipped: walker-crossing: {bad} is truncated" in caplog.text


@pytest.mark.parametrize("num_workers", [0, 2])
def test_training_stops_when_too_many_frames_are_bad(data_config, sample_tree, tmp_path, num_workers):
    shutil.copytree(sample_tree, tmp_path / "data")
    for path in (tmp_path / "data/GOT10k/train/astronaut").iterdir():
        path.write_bytes(b"not an image")
    module = DataModule(data_config(data_path=str(tmp_path / "data"), train_max_iterations=60, num_workers=num_workers))
    module.setup("fit")
    with pytest.raises(
        UserError, match=r"of \d+ images drawn cannot be used, more than 5%; repair or remove them: .*astronaut/0000000"
    ) as error:
        list(module.train_dataloader())
    assert "\n" not in str(error.value)


def one_clip():
    return to_clip(np.zeros((2, 16, 16, 3), np.uint8), np.zeros((2, 16, 16), bool), "a")


def test_a_small_share_of_bad_frames_is_tolerated(caplog):
    some_clip = one_clip()
    bad = BadFiles()
    with caplog.at_level(logging.WARNING):
        bad.add(Item(some_clip, 10, ("a is empty",)))  # one tenth, but of too few files to judge
        bad.check()
        bad.add(Item(some_clip, 90, ("b is empty", "a is empty")))
        bad.add(Item(some_clip, 0, ("c is empty", "c is empty")))
    assert [record.message for record in caplog.records] == [f"skipped: {name} is empty" for name in "abc"]
    bad.check()
    bad.add(Item(some_clip, 0, ("d is empty",)))
    with pytest.raises(
        UserError, match=r"6 of 100 images .* more than 5%; .*: a is empty; b is empty; c is empty; d is"
    ):
        bad.check()


def test_a_long_list_of_bad_files_is_shortened():
    bad = BadFiles()
    bad.add(Item(None, 30, tuple(f"{i} is empty" for i in range(30))))
    assert bad.listed().endswith("; 19 is empty; and 10 more")
