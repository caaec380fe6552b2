"""Training, validation and test clips for Lightning."""

from __future__ import annotations

import logging

import pytorch_lightning as pl

from master_thesis.configs.data import DataConfig
from master_thesis.data.dataset import RandomClips, TestClips
from master_thesis.data.index import Index, load_index
from master_thesis.data.loading import BadFiles, ClipLoader, ClipSampler, make_loader
from master_thesis.data.sequences import find_test_sequences
from master_thesis.errors import require

log = logging.getLogger(__name__)

VALIDATION_SEED = 2020
"""Validation clips are the same in every epoch and every run."""


class DataModule(pl.LightningDataModule):
    """GOT-10k frames with YouTube-VOS masks to train and validate; DAVIS 2017 to test.

    ``setup("fit")`` or ``setup("test")`` may be called beforehand to learn of mistakes early; Lightning's own call
    then does nothing.

    Args:
        config: where the data lies and how clips are made; ``frames_n`` -1 tests whole sequences, one at a time.
    """

    def __init__(self, config: DataConfig) -> None:
        super().__init__()
        self.config = config
        self.index: Index | None = None
        self.test_clips: TestClips | None = None
        self.bad_test_files = BadFiles()

    def setup(self, stage: str) -> None:
        """Finds the data of a stage (``fit``, ``validate`` or ``test``).

        Raises:
            UserError: what is needed is missing, empty or does not fit the options.
        """
        if stage == "test" and self.test_clips is None:
            c = self.config
            require(
                c.frames_n > 0 or c.batch_size == 1, f"--batch_size should be 1 for whole sequences, got {c.batch_size}"
            )
            sequences, found = find_test_sequences(c.data_path)
            log.info("%s", found)
            self.test_clips = TestClips(c, sequences)
        if stage in ("fit", "validate") and self.index is None:
            require(
                self.config.frames_n > 0,
                "--frames_n -1 (whole sequences) is for testing; training needs 2 or an odd number",
            )
            self.index = load_index(self.config)

    def train_dataloader(self) -> ClipLoader:
        """New clips in every epoch, all of them decided by the seed."""
        c = self.config
        assert self.index is not None
        num_clips = c.train_max_iterations * c.batch_size
        clips = RandomClips(c, self.index.frames_train, self.index.masks_train, num_clips, c.seed, is_simulating=True)
        sampler = ClipSampler(clips, *self._process(), is_even=True, position=self._progress)
        return make_loader(clips, sampler, c.batch_size, c.num_workers, BadFiles(), num_checked=len(sampler))

    def val_dataloader(self) -> ClipLoader:
        """The same clips in every epoch and run, whatever the seed, none of them simulated."""
        c = self.config
        assert self.index is not None
        num_clips = c.validation_max_iterations * c.batch_size
        index = self.index
        clips = RandomClips(c, index.frames_val, index.masks_val, num_clips, VALIDATION_SEED, is_simulating=False)
        rank, world = self._process()
        is_shared = c.validation_max_iterations >= world  # a process without a batch would wait for ever
        message = f"--validation_max_iterations should be at least 1 per process ({world}), got"
        require(is_shared, f"{message} {c.validation_max_iterations}")
        sampler = ClipSampler(clips, rank, world, is_even=False, position=lambda: (0, 0), block=c.batch_size)
        num_common = c.validation_max_iterations // world  # some processes may have one more
        return make_loader(clips, sampler, c.batch_size, c.num_workers, BadFiles(), num_common)

    def test_dataloader(self) -> ClipLoader:
        """DAVIS: whole sequences or clips. Sequences with bad files are left out, see :attr:`bad_test_files`."""
        c = self.config
        assert self.test_clips is not None
        sampler = ClipSampler(self.test_clips, *self._process(), is_even=False, position=lambda: (0, 0))
        return make_loader(self.test_clips, sampler, c.batch_size, c.num_workers, self.bad_test_files, num_checked=0)

    def teardown(self, stage: str) -> None:
        """After a test every process knows the bad files of all."""
        if stage == "test":
            self.bad_test_files.gather()

    def _process(self) -> tuple[int, int]:
        """Rank of this process and number of processes."""
        return (0, 1) if self.trainer is None else (self.trainer.global_rank, self.trainer.world_size)

    def _progress(self) -> tuple[int, int]:
        """Epoch, and how many of its clips this process has trained on: not 0 after resuming within an epoch."""
        if self.trainer is None:
            return 0, 0
        num_batches = self.trainer.fit_loop.epoch_loop.batch_progress.current.ready
        return self.trainer.current_epoch, num_batches * self.config.batch_size
