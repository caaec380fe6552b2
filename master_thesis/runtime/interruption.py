"""Ends of a run on Ctrl-C and SIGTERM alike."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


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
