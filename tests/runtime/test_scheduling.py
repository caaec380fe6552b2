"""Threads keep their scheduling."""

import os
import sys
import threading

import pytest

from master_thesis.runtime.scheduling import TASKS, scheduling_kept

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux knows these ways of scheduling")


def policies() -> dict[str, int]:
    return {thread.name: os.sched_getscheduler(int(thread.name)) for thread in TASKS.iterdir()}


def test_old_and_new_threads_are_scheduled_as_before() -> None:
    """Without privileges, a thread may choose to be scheduled as a batch job, which the next ones inherit."""
    before, is_over = os.sched_getscheduler(0), threading.Event()
    with scheduling_kept():
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
        other = threading.Thread(target=is_over.wait)
        other.start()
        changed = {policies()[str(number)] for number in (threading.get_native_id(), other.native_id)}
    kept = policies()
    is_over.set()
    other.join()
    assert changed == {os.SCHED_BATCH}
    assert set(kept.values()) == {before}


def test_an_error_passes_through() -> None:
    def fail() -> None:
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
        raise ValueError("wrong")

    before = os.sched_getscheduler(0)
    with pytest.raises(ValueError, match="wrong"), scheduling_kept():
        fail()
    assert os.sched_getscheduler(0) == before
