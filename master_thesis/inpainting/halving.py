"""Going on with smaller batches where the GPU's memory does not hold the larger ones."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

import torch

from master_thesis.config import UserError

log = logging.getLogger(__name__)

T = TypeVar("T")

_fitting: dict[tuple[int, ...], int] = {}
"""Per size of frame: the most items that went through so far, where some did not. Windows and sequences share it."""


def in_batches(items: Sequence[T], at_most: int, size: tuple[int, ...], work: Callable[[Sequence[T]], None]) -> None:
    """Works through items batch by batch; a batch that runs out of GPU memory is halved, and so are all later ones.

    Args:
        items: what there is to do.
        at_most: items of a batch.
        size: height and width of the frames; what fits is remembered for each, and said once.
        work: works on a batch; it must leave no trace when it runs out of memory.

    Raises:
        UserError: not even one item fits.
    """
    start = 0
    while start < len(items):
        batch = items[start : start + min(at_most, _fitting.get(size, at_most))]
        try:
            work(batch)
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
            shown = f"{size[1]} x {size[0]}"
            if len(batch) == 1:
                message = f"the GPU's memory does not hold one pair of frames of {shown}: choose a smaller --test_size"
                raise UserError(message) from None
            _fitting[size] = len(batch) // 2
            log.warning("out of GPU memory at %s: going on with %d pairs at a time", shown, _fitting[size])
            continue
        start += len(batch)
