"""How many pairs pass through the networks together, and what happens when GPU memory runs out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeVar

import torch

from master_thesis.errors import UserError
from master_thesis.runtime.memory import available_memory

log = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")

MAX_CPU_PIXELS = 8 * 256 * 512
"""Pixels of the pairs that pass through the networks together on the CPU, where larger batches are no faster."""
MAX_PAIRS = 8
"""Largest number of pairs that pass through the networks together: a power of two."""
PAIR_BYTES, PIXEL_BYTES = 384 * 2**20, 1024
"""Upper bounds of the working memory of a pair, and of each of its pixels, with the thesis' networks in float32.

They bound what ``python -m benchmarks.speed.pairs`` measures up to 720 x 360; its fit is 244 MiB and 566 bytes.
"""

_fitting: dict[tuple[int, ...], int] = {}
"""Per size of frame: the most items that fitted, where more did not. Windows and sequences share it."""


def in_batches(items: Sequence[T], size: tuple[int, ...], work: Callable[[Sequence[T]], R]) -> list[R]:
    """Works through items at once; if GPU memory runs out, in halves, and so from then on.

    Args:
        items: the items.
        size: height and width of the frames; the batch that fits is remembered for each, and logged once.
        work: works on a batch; it must leave no trace when memory runs out.

    Returns:
        The result of every batch, in order.

    Raises:
        UserError: not even one item fits.
    """
    results: list[R] = []
    start = 0
    while start < len(items):
        batch = items[start : start + _fitting.get(size, len(items))]
        try:
            results.append(work(batch))
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
            shown = f"{size[1]} x {size[0]}"
            if len(batch) == 1:
                message = f"the GPU's memory does not hold one pair of frames of {shown}: choose a smaller --test_size"
                raise UserError(message) from None
            _fitting[size] = len(batch) // 2
            log.warning("out of GPU memory at %s: continuing with %d pairs at a time", shown, _fitting[size])
            continue
        start += len(batch)
    return results


@cache
def fitting_pairs(height: int, width: int, device: torch.device) -> int:
    """The number of pairs that may pass through the networks together: half of the free memory is theirs.

    A power of two, so that a little more or less memory changes nothing: other batches may round differently. The first
    answer for a size stands, as memory that is kept for later tensors no longer counts as free.

    Args:
        height: of the frames.
        width: of the frames.
        device: where the networks are.
    """
    free = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else available_memory()
    needed = PAIR_BYTES + PIXEL_BYTES * height * width
    most = MAX_PAIRS if device.type == "cuda" else min(max(MAX_CPU_PIXELS // (height * width), 1), MAX_PAIRS)
    fitting = most if free is None else min(max(free // 2 // needed, 1), most)
    return 1 << (fitting.bit_length() - 1)
