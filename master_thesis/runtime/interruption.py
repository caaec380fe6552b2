"""Ends of a run on Ctrl-C and SIGTERM alike."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

R = TypeVar("R")

POLL_SECONDS = 0.5
"""How often waiting returns to Python where signals do not wake it up (Windows)."""
_working: set[threading.Thread] = set()


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
            result.set_result(work())
        except BaseException as error:  # raised where the result is asked for
            result.set_exception(error)
        _working.discard(thread)

    thread = threading.Thread(target=run, daemon=True)
    _working.add(thread)
    thread.start()
    while thread.is_alive():
        thread.join(POLL_SECONDS)
    return result.result()


def is_work_left_behind() -> bool:
    """Whether something still works that was interrupted: the process should end without waiting for it."""
    return any(thread.is_alive() for thread in _working)
