"""Going on with smaller batches where the GPU's memory does not hold the larger ones."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeVar

import torch

from master_thesis.errors import UserError
from master_thesis.runtime.memory import memory_free

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


MAX_PAIRS = 8
"""Pairs that go through the networks together, at most: a power of two."""


PAIR_BYTES, PIXEL_BYTES = 384 * 2**20, 1024
"""At most so much working memory takes a pair, and each of its pixels, with the thesis' networks in float32.

A bound on what ``python -m benchmarks.speed.pairs`` measures up to 720 x 360; its fit is 244 MiB and 566 bytes.
"""


@cache
def fitting_pairs(height: int, width: int, device: torch.device) -> int:
    """How many pairs of frames may go through the networks together: half of the free memory is theirs, if it is known.

    A power of two, so that a little more or less of it changes nothing: other batches may round otherwise. The first
    answer for a size stands, as what is kept for the next tensors no longer counts as free.

    Args:
        height: of the frames.
        width: of the frames.
        device: where the networks are.
    """
    free = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else memory_free()
    needed = PAIR_BYTES + PIXEL_BYTES * height * width
    fitting = MAX_PAIRS if free is None else min(max(free // 2 // needed, 1), MAX_PAIRS)
    return 1 << (fitting.bit_length() - 1)
