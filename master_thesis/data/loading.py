"""From data sets to batches: which clips, in which order, for which process, and what to do about bad files."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import torch
from torch.utils.data import DataLoader, Dataset, DistributedSampler

from master_thesis.data.items import Item, collate
from master_thesis.records import Clip
from master_thesis.runtime.distributed import SharedError, gathered, summed

log = logging.getLogger(__name__)

MAX_BAD_SHARE = 0.05
MIN_DRAWN = 20
_MAX_LISTED = 20


class ClipSampler(DistributedSampler[int]):
    """The positions of the clips of one process: every ``world``-th block of those left in the epoch.

    It is a ``DistributedSampler`` so that Lightning takes it as it is.

    Args:
        dataset: what is sampled; item ``epoch * len(dataset) + number``.
        rank: number of this process.
        world: how many processes there are.
        is_even: whether all processes must get equally many clips (training: some may be left out).
        position: asked when an epoch starts: its number, and how many clips of this process are already done.
        block: clips that stay together; with those of a batch, several processes see the batches that one would see.
    """

    def __init__(
        self,
        dataset: Dataset[Item],
        rank: int,
        world: int,
        is_even: bool,
        position: Callable[[], tuple[int, int]],
        block: int = 1,
    ) -> None:
        super().__init__(dataset, num_replicas=world, rank=rank, shuffle=False)
        self.total = len(dataset)  # type: ignore[arg-type]
        self.rank, self.world, self.block = rank, world, block
        self.count = self.total - self.total % (world * block) if is_even else self.total
        self.position = position

    def __iter__(self) -> Iterator[int]:
        epoch, num_done = self.position()
        places = (divmod(i, self.block) for i in range(num_done, len(self)))
        return (epoch * self.total + (turn * self.world + self.rank) * self.block + i for turn, i in places)

    def __len__(self) -> int:
        num_blocks, rest = divmod(self.count, self.block)
        num_whole = len(range(self.rank, num_blocks, self.world))
        return num_whole * self.block + (rest if num_blocks % self.world == self.rank else 0)


class BadFiles:
    """Counts the files that could not be read, names each once in the log, and stops a run with too many."""

    def __init__(self) -> None:
        self.num_drawn = 0
        self.num_bad = 0
        self.num_hopeless = 0  # items without a clip
        self.messages: dict[str, None] = {}

    def add(self, item: Item) -> None:
        """Counts what an item reports."""
        self.num_drawn += item.num_drawn
        self.num_bad += len(item.unreadable)
        self.num_hopeless += item.clip is None
        for message in item.unreadable:
            if message not in self.messages:
                log.warning("skipped: %s", message)
                self.messages[message] = None

    def check(self) -> None:
        """Looks at the counts of all processes together; each must call it.

        Raises:
            SharedError: too many of the files drawn were bad, or no clip could be made.
        """
        num_drawn, num_bad, num_hopeless = summed(self.num_drawn, self.num_bad, self.num_hopeless)
        if num_hopeless or (num_drawn >= MIN_DRAWN and num_bad > MAX_BAD_SHARE * num_drawn):
            self.gather()
            raise SharedError(
                f"{self.num_bad} of {self.num_drawn} images drawn cannot be used, more than {MAX_BAD_SHARE:.0%}; "
                f"mend or remove them: {self.listed()}"
            )

    def gather(self) -> None:
        """Learns what all processes of a run have counted; each must call it."""
        told = gathered((self.num_drawn, self.num_bad, self.messages))
        self.num_drawn, self.num_bad = sum(drawn for drawn, _, _ in told), sum(bad for _, bad, _ in told)
        self.messages = {message: None for _, _, messages in told for message in messages}

    def listed(self) -> str:
        """The messages, the first ones in full."""
        shown = list(self.messages)[:_MAX_LISTED]
        num_left = len(self.messages) - len(shown)
        return "; ".join(shown) + (f"; and {num_left} more" if num_left else "")


class ClipLoader(DataLoader[Item]):
    """A loader of :class:`Clip` batches.

    Nothing is prepared before the first batch is asked for: only then Lightning has settled where it resumes.

    Args:
        dataset: where items come from.
        bad_files: told what each item reports.
        num_checked: batches after which ``bad_files`` may stop the run; equally many in all processes.
        **options: those of torch's ``DataLoader``.
    """

    def __init__(self, dataset: Dataset[Item], bad_files: BadFiles, num_checked: int, **options: Any) -> None:
        super().__init__(dataset, collate_fn=collate, **options)
        self.bad_files, self.num_checked = bad_files, num_checked

    def __iter__(self) -> Iterator[Clip]:  # type: ignore[override]
        batches = super().__iter__()
        for i, item in enumerate(batches):
            self.bad_files.add(item)
            try:
                if i < self.num_checked:
                    self.bad_files.check()
            except SharedError:
                if self.num_workers:  # else they would be waited for whenever the last reference goes
                    self._iterator = None
                    batches._shutdown_workers()  # type: ignore[attr-defined]
                raise
            if item.clip is not None:
                yield item.clip

    def state_dict(self) -> dict[str, Any]:
        """Empty: the place to resume at follows from the Trainer's own progress."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Nothing to do; its presence tells Lightning that resuming within an epoch is safe."""


def make_loader(
    dataset: Dataset[Item],
    sampler: ClipSampler,
    batch_size: int,
    num_workers: int,
    bad_files: BadFiles,
    num_checked: int,
) -> ClipLoader:
    """A loader whose workers leave the cores to each other, with pinned memory where there is a GPU."""
    workers = {"persistent_workers": True, "prefetch_factor": 4, "worker_init_fn": _quiet_worker} if num_workers else {}
    return ClipLoader(
        dataset,
        bad_files,
        num_checked,
        sampler=sampler,
        batch_size=batch_size,
        num_workers=num_workers,
        pin_memory=torch.cuda.is_available(),
        **workers,
    )


def _quiet_worker(worker: int) -> None:
    """One thread per worker: the workers are the parallelism. The main process decides what a signal means."""
    cv2.setNumThreads(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, frame: os._exit(0))  # not a failure that the main process has to tell
