"""Works on what comes next beside what is being done: most of the time is spent where Python lets other threads run."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

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
    with ThreadPoolExecutor(1) as pool:
        coming: Future[object] = pool.submit(next, items, _END)
        while (item := coming.result()) is not _END:
            coming = pool.submit(next, items, _END)
            yield item  # type: ignore[misc]


def side_by_side(work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Yields the results of some work in the order of its items, several of which are worked on at once.

    Items are taken from the iterable shortly before they are needed.

    >>> list(side_by_side(len, ["a", "bc", ""]))
    [1, 2, 0]
    """
    pending: deque[Future[R]] = deque()
    with ThreadPoolExecutor(NUM_THREADS) as pool:
        for item in items:
            pending.append(pool.submit(work, item))
            if len(pending) > NUM_THREADS:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
