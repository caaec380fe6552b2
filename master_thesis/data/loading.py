"""Loads batches of clips: shares the clips among the processes of a run and keeps account of unreadable files."""

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
from master_thesis.data.stillness import StillClips
from master_thesis.records import Clip
from master_thesis.runtime.distributed import SharedError, all_gather, all_sum

log = logging.getLogger(__name__)

MAX_BAD_SHARE = 0.05
MIN_DRAWN = 20
_MAX_LISTED = 20


class ClipSampler(DistributedSampler[int]):
    """Positions of the clips of one process: every ``world``-th block of the rest of an epoch.

    A ``DistributedSampler``, so that Lightning does not replace it.

    Args:
        dataset: the data set; its item ``epoch * len(dataset) + number`` is clip ``number`` of ``epoch``.
        rank: number of this process.
        world: number of processes.
        is_even: whether all processes must get equally many clips, at the cost of leaving some out (training).
        position: called at the start of an epoch; returns its number, and how many of its clips this process has done.
        block: number of clips that stay together. With the batch size, the processes see the batches that a single
            one would see.
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
    """Counts the files that could not be read, logs each once, and stops a run that meets too many."""

    def __init__(self) -> None:
        self.num_drawn = 0
        self.num_bad = 0
        self.num_without_clip = 0
        self.messages: dict[str, None] = {}

    def add(self, item: Item) -> None:
        """Counts the faults that an item reports."""
        self.num_drawn += item.num_drawn
        self.num_bad += len(item.unreadable)
        self.num_without_clip += item.clip is None
        for message in item.unreadable:
            if message not in self.messages:
                log.warning("skipped: %s", message)
                self.messages[message] = None

    def check(self) -> None:
        """Checks the counts of all processes together; every process must call it.

        Raises:
            SharedError: too many of the files drawn are unreadable, or an item has no clip.
        """
        num_drawn, num_bad, num_without_clip = all_sum(self.num_drawn, self.num_bad, self.num_without_clip)
        if num_without_clip or (num_drawn >= MIN_DRAWN and num_bad > MAX_BAD_SHARE * num_drawn):
            self.gather()
            raise SharedError(
                f"{self.num_bad} of {self.num_drawn} images drawn cannot be used, more than {MAX_BAD_SHARE:.0%}; "
                f"repair or remove them: {self.listed()}"
            )

    def gather(self) -> None:
        """Adds up the counts and messages of all processes; every process must call it."""
        counts = all_gather((self.num_drawn, self.num_bad, self.messages))
        self.num_drawn, self.num_bad = sum(drawn for drawn, _, _ in counts), sum(bad for _, bad, _ in counts)
        self.messages = {message: None for _, _, messages in counts for message in messages}

    def listed(self) -> str:
        """Joins the messages, up to 20 of them."""
        shown = list(self.messages)[:_MAX_LISTED]
        num_left = len(self.messages) - len(shown)
        return "; ".join(shown) + (f"; and {num_left} more" if num_left else "")


class ClipLoader(DataLoader[Item]):
    """A loader of :class:`Clip` batches.

    Loading starts with the first batch requested, because Lightning sets the position to resume at only before that.

    Args:
        dataset: the source of items.
        bad_files: counts the faults that items report.
        num_checked: number of batches after which ``bad_files`` is checked; the same in all processes.
        **options: options of torch's ``DataLoader``.
    """

    def __init__(self, dataset: Dataset[Item], bad_files: BadFiles, num_checked: int, **options: Any) -> None:
        super().__init__(dataset, collate_fn=collate, **options)
        self.bad_files, self.num_checked = bad_files, num_checked
        self.still_clips = StillClips()

    def __iter__(self) -> Iterator[Clip]:  # type: ignore[override]
        batches = super().__iter__()
        for i, item in enumerate(batches):
            self.bad_files.add(item)
            try:
                if i < self.num_checked:
                    self.bad_files.check()
            except SharedError:
                if self.num_workers:  # otherwise the garbage collector would wait for them at some later time
                    self._iterator = None
                    batches._shutdown_workers()  # type: ignore[attr-defined]
                raise
            if item.clip is not None:
                self.still_clips.add(item.clip)
                yield item.clip

    def state_dict(self) -> dict[str, Any]:
        """Empty: the position to resume at follows from the progress that the Trainer saves."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Does nothing; Lightning takes its presence as a sign that resuming within an epoch is safe."""


def make_loader(
    dataset: Dataset[Item],
    sampler: ClipSampler,
    batch_size: int,
    num_workers: int,
    bad_files: BadFiles,
    num_checked: int,
) -> ClipLoader:
    """Makes a loader with single-threaded workers, and with pinned memory if there is a GPU."""
    workers = {"persistent_workers": True, "prefetch_factor": 4, "worker_init_fn": _init_worker} if num_workers else {}
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


def _init_worker(worker: int) -> None:
    """Restricts a worker to one thread, as the workers run in parallel, and leaves signals to the main process."""
    cv2.setNumThreads(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(
        signal.SIGTERM, lambda number, frame: os._exit(0)
    )  # the main process would report any other end as a failure
