"""Ends of a run on Ctrl-C and SIGTERM alike."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

R = TypeVar("R")

POLL_SECONDS = 0.5
"""How often waiting returns to Python where signals do not wake it up (Windows)."""
_working: set[Future[Any]] = set()


class Terminated(KeyboardInterrupt):
    """The process was asked to end by SIGTERM, as by ``kill``, ``timeout`` or a shutdown."""


@contextmanager
def terminated_like_interrupted() -> Iterator[None]:
    """Raises :class:`Terminated` on SIGTERM in this block, so that what is done is kept as after Ctrl-C."""
    try:
        before = signal.signal(signal.SIGTERM, _raise_terminated)
    except ValueError:  # only the main thread can install handlers; other threads are stopped by other means
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _raise_terminated(number: int, frame: FrameType | None) -> None:
    raise Terminated


def interruptible(work: Callable[[], R]) -> R:
    """The result of work that does not return to Python for long, such as a library's.

    Ctrl-C and SIGTERM are handled while it works, and leave it behind: nothing of it may be used afterwards.
    """
    result: Future[R] = Future()

    def run() -> None:
        try:
            value = work()
        except BaseException as error:  # raised where the result is asked for
            result.set_exception(error)
        else:
            result.set_result(value)

    _working.add(result)
    result.add_done_callback(_working.discard)
    threading.Thread(target=run, daemon=True).start()
    while not result.done():
        wait([result], POLL_SECONDS)
    return result.result()


def is_work_left_behind() -> bool:
    """Whether something still works that was interrupted: the process should end without waiting for it."""
    # Python 3.11 takes a thread for dead when a signal interrupts waiting for it, so the results are asked.
    return any(not result.done() for result in _working)
