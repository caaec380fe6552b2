"""Works on what comes next beside what is being done: most of the time is spent where Python lets other threads run.

The threads work alone: those of torch would only wait for a core that another one of them has.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

NUM_THREADS = 2
_END = object()


def one_ahead(items: Iterator[T]) -> Iterator[T]:
    """Yields items in order; the next one is computed in a thread while the caller works on one.

    Whatever the iterator raises is raised here. Where this one is closed early, the item being computed is completed.

    >>> list(one_ahead(iter("abc")))
    ['a', 'b', 'c']
    """
    for (item,) in together(items):
        yield item


def together(*ways: Iterator[T]) -> Iterator[tuple[T, ...]]:
    """Yields the next items of several iterators, each of which computes one ahead; ends with the first that ends.

    >>> list(together(iter("abc"), iter("de")))
    [('a', 'd'), ('b', 'e')]
    """
    with _threads(len(ways)) as pool:
        coming: list[Future[Any]] = [pool.submit(next, way, _END) for way in ways]
        while True:
            reached = []
            for i, way in enumerate(ways):
                if (item := coming[i].result()) is _END:
                    return
                coming[i] = pool.submit(next, way, _END)
                reached.append(item)
            yield tuple(reached)


def side_by_side(work: Callable[[T], R], items: Iterable[T], num_threads: int = NUM_THREADS) -> Iterator[R]:
    """Yields the results of some work in the order of its items, several of which are worked on at once.

    Items are taken from the iterable shortly before they are needed. With one thread, they are worked on one by one.

    >>> list(side_by_side(len, ["a", "bc", ""]))
    [1, 2, 0]
    """
    pending: deque[Future[R]] = deque()
    with _threads(num_threads) as pool:
        for item in items:
            pending.append(pool.submit(work, item))
            if len(pending) > num_threads:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


@contextmanager
def _threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """A few threads in which torch starts no others; in this one, it keeps its own."""
    import torch

    try:
        with ThreadPoolExecutor(count, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            yield pool
    finally:
        torch.set_num_threads(torch.get_num_threads())  # also of threads that are started later
