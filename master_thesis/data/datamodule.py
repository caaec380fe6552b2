"""Training, validation and test clips for Lightning."""

from __future__ import annotations

import logging

import pytorch_lightning as pl

from master_thesis.configs.data import DataConfig
from master_thesis.data.dataset import RandomClips, check_clip_length
from master_thesis.data.davis_clips import DavisClips
from master_thesis.data.index import Index, load_index
from master_thesis.data.loading import BadFiles, ClipLoader, ClipSampler, make_loader
from master_thesis.data.mixing import Mixture, mix_backgrounds
from master_thesis.data.sequences import find_test_sequences
from master_thesis.errors import require

log = logging.getLogger(__name__)

VALIDATION_SEED = 2020
"""Validation clips are the same in every epoch and every run."""


class DataModule(pl.LightningDataModule):
    """GOT-10k frames with YouTube-VOS masks for training and validation, DAVIS 2017 for testing.

    Call ``setup("fit")`` or ``setup("test")`` beforehand to find mistakes early; Lightning's call then has no effect.

    Args:
        config: where the data is and how clips are made; ``frames_n`` -1 tests complete sequences, one at a time.
    """

    def __init__(self, config: DataConfig) -> None:
        super().__init__()
        self.config = config
        self.index: Index | None = None
        self.frames_train: Mixture
        self.test_clips: DavisClips | None = None
        self.bad_test_files = BadFiles()

    def setup(self, stage: str) -> None:
        """Finds the data of a stage (``fit``, ``validate``, ``test`` or ``predict``).

        Raises:
            UserError: the data is missing or empty, or the options do not fit the stage.
        """
        if stage in ("test", "predict") and self.test_clips is None:
            c = self.config
            is_single = c.frames_n > 0 or c.batch_size == 1
            require(is_single, f"--batch_size should be 1 for complete sequences (--frames_n -1), got {c.batch_size}")
            sequences, found = find_test_sequences(c.data_path, c.follow_links)
            log.info("%s", found)
            self.test_clips = DavisClips(c, sequences)
        if stage in ("fit", "validate") and self.index is None:
            check_clip_length(self.config.frames_n)
            self.index = load_index(self.config)
            self.frames_train = mix_backgrounds(self.config, self.index.frames_train)

    def train_dataloader(self) -> ClipLoader:
        """Makes a loader of new clips in every epoch, determined by the seed."""
        c, index = self.config, self.index
        assert index is not None
        num_clips = c.train_max_iterations * c.batch_size
        clips = RandomClips(c, self.frames_train, index.masks_train, num_clips, c.seed, is_simulating=True)
        sampler = ClipSampler(clips, *self._process(), is_even=True, position=self._progress)
        return make_loader(clips, sampler, c.batch_size, c.num_workers, BadFiles(), num_checked=len(sampler))

    def val_dataloader(self) -> ClipLoader:
        """Makes a loader of the same clips in every epoch and run, whatever the seed; none is simulated."""
        c, index = self.config, self.index
        assert index is not None
        rank, world = self._process()
        num_batches, seed = c.validation_max_iterations, VALIDATION_SEED
        message = f"--validation_max_iterations should be at least the number of processes, {world}, got {num_batches}"
        require(num_batches >= world, message)  # the others would wait for a process without a batch
        num_clips = num_batches * c.batch_size
        clips = RandomClips(c, index.frames_val, index.masks_val, num_clips, seed, is_simulating=False)
        sampler = ClipSampler(clips, rank, world, is_even=False, position=lambda: (0, 0), block=c.batch_size)
        num_checked = num_batches // world  # some processes may have one batch more
        return make_loader(clips, sampler, c.batch_size, c.num_workers, BadFiles(), num_checked)

    def test_dataloader(self) -> ClipLoader:
        """Makes a loader of sequences or clips, without those in :attr:`bad_test_files`."""
        c = self.config
        assert self.test_clips is not None
        sampler = ClipSampler(self.test_clips, *self._process(), is_even=False, position=lambda: (0, 0))
        return make_loader(self.test_clips, sampler, c.batch_size, c.num_workers, self.bad_test_files, num_checked=0)

    def predict_dataloader(self) -> ClipLoader:
        """Makes the loader of a test."""
        return self.test_dataloader()

    def teardown(self, stage: str) -> None:
        """Shares the bad files of a test among all processes."""
        if stage == "test":
            self.bad_test_files.gather()

    def _process(self) -> tuple[int, int]:
        """Rank of this process and number of processes."""
        return (0, 1) if self.trainer is None else (self.trainer.global_rank, self.trainer.world_size)

    def _progress(self) -> tuple[int, int]:
        """Epoch, and how many of its clips this process has trained on (above 0 after resuming within an epoch)."""
        if self.trainer is None:
            return 0, 0
        num_batches = self.trainer.fit_loop.epoch_loop.batch_progress.current.ready
        return self.trainer.current_epoch, num_batches * self.config.batch_size
