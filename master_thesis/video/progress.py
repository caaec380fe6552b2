"""Progress with the time left: one line on a terminal, a line every so often elsewhere."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar, runtime_checkable

log = logging.getLogger(__name__)

T = TypeVar("T")

TERMINAL_SECONDS, LINE_SECONDS = 0.5, 30.0
"""Time between two reports on a terminal, and in a log."""
FIRST_LINE_SECONDS = 5.0
"""Time after which a log gets the first line, unless the work is expected to take less than a line's time."""
LATE_SHARE = 0.05
"""Share of an estimate that is still left where more time than estimated has passed before the first frame."""
RECENT_SECONDS, NUM_RECENT = 30.0, 20
"""The speed is that of the last steps: of this time, or of this number if those took longer."""
TRUSTED_SHARE = 0.2
"""Share of the work after which its own speed counts alone, and no longer the estimate."""


@runtime_checkable
class Stream(Protocol):
    """What is written to; may be a terminal."""

    def isatty(self) -> bool:
        """Whether it is one."""
        ...

    def write(self, text: str, /) -> Any:
        """Writes text."""
        ...

    def flush(self) -> Any:
        """Shows it."""
        ...


_watchers: list[Callable[[Progress], None]] = []


@contextmanager
def watching(watch: Callable[[Progress], None]) -> Iterator[None]:
    """Calls ``watch`` with every progress in this block: with each step, and twice a second while none is completed."""
    _watchers.append(watch)
    try:
        yield
    finally:
        _watchers.remove(watch)


class Progress:
    """Reports how much of the work is done and how much time is left.

    As a context manager it also reports while nothing is completed for long, and ends the line.

    Args:
        what: what is being done.
        total: number of frames; None: unknown.
        expected: seconds that the work was estimated to take; None: there is no estimate.
        stream: where a terminal may be.
        clock: seconds.
    """

    def __init__(
        self,
        what: str,
        total: int | None,
        expected: float | None = None,
        stream: Stream | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.what, self.total, self.expected, self.clock = what, total, expected, clock
        self.stream = sys.stderr if stream is None else stream
        self.is_terminal = self.stream.isatty()
        self.num_done = 0
        self._start = self._reported = clock()
        self._steps: deque[tuple[float, int]] = deque()
        self._pause = TERMINAL_SECONDS if self.is_terminal else FIRST_LINE_SECONDS
        self._lock, self._ended = threading.Lock(), threading.Event()
        if expected is not None and (self.is_terminal or expected > LINE_SECONDS):
            self._report()

    def update(self, count: int = 1) -> None:
        """Adds frames that are done."""
        self.num_done += count
        self._steps.append((self.clock(), self.num_done))
        while len(self._steps) > NUM_RECENT and self._steps[-1][0] - self._steps[1][0] > RECENT_SECONDS:
            self._steps.popleft()
        self.report_if_due()

    def report_if_due(self) -> None:
        """Reports unless the last report is recent."""
        with self._lock:
            for watch in _watchers:
                watch(self)
            if self.clock() - self._reported >= self._pause:
                self._report()

    def __enter__(self) -> Progress:
        threading.Thread(target=self._report_regularly, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self.close()

    def _report_regularly(self) -> None:
        while not self._ended.wait(TERMINAL_SECONDS):
            self.report_if_due()

    def close(self) -> None:
        """Ends the line on a terminal."""
        with self._lock:
            if self.is_terminal:
                self._report()
                self.stream.write("\n")
                self.stream.flush()

    @property
    def seconds_left(self) -> float | None:
        """The estimate at first, then more and more what the speed says; None: unknown."""
        if not self.total:
            return None
        share, elapsed, pace = min(self.num_done / self.total, 1.0), self.clock() - self._start, self._pace_of_steps()
        measured = None if pace is None else pace * self.total * (1 - share)
        estimated = None if self.expected is None else self.expected * (1 - share)
        if estimated is not None and not share:
            estimated = max(estimated - elapsed, LATE_SHARE * estimated)
        if measured is None or estimated is None:
            return estimated if measured is None else measured
        weight = min(share / TRUSTED_SHARE, 1.0)
        return weight * measured + (1 - weight) * estimated

    def _pace_of_steps(self) -> float | None:
        """Seconds per frame; None before the second step, since the first one includes what is done once."""
        if len(self._steps) < 2:
            return None
        (start, before), (end, done) = self._steps[0], self._steps[-1]
        if done == before:
            return None
        waiting = (self.clock() - start) / (done - before + 1)  # a step that takes longer counts before it ends
        return max((end - start) / (done - before), waiting)

    def text(self) -> str:
        """What is reported."""
        count = f"{self.num_done} of {self.total}" if self.total else str(self.num_done)
        left = self.seconds_left
        return f"{self.what}: {count} frames" + (f", about {in_words(left)} left" if left else "")

    def _report(self) -> None:
        self._reported = self.clock()
        self._pause = TERMINAL_SECONDS if self.is_terminal else LINE_SECONDS
        if self.is_terminal:
            self.stream.write(f"\r\x1b[K{self.text()}")
            self.stream.flush()
        else:
            log.info(self.text())


def with_progress(items: Iterable[T], what: str, total: int | None, expected: float | None = None) -> Iterator[T]:
    """Yields items, one per frame, and reports the progress (arguments: :class:`Progress`)."""
    with Progress(what, total, expected) as progress:
        for item in items:
            yield item
            progress.update()


def in_words(seconds: float) -> str:
    """A duration in the unit that people would use.

    >>> in_words(0.3), in_words(42.0), in_words(600.0), in_words(7900.0)
    ('2 seconds', '42 seconds', '10 minutes', '2.2 hours')
    """
    if seconds < 90:
        return f"{max(round(seconds), 2)} seconds"
    return f"{round(seconds / 60)} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
