"""SIGTERM ends a run like Ctrl-C, with the exit code of shells."""

import os
import signal
import threading

import pytest

from master_thesis.cli import commands, main
from master_thesis.runtime.interruption import (
    Terminated,
    interruptible,
    is_work_left_behind,
    terminated_like_interrupted,
)


def test_sigterm_raises_in_the_block_and_the_handler_before_comes_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Terminated), terminated_like_interrupted():
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before


def test_other_threads_go_on_without_a_handler() -> None:
    done = []

    def work() -> None:
        with terminated_like_interrupted():
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt, 130), (Terminated, 143)])
def test_exit_codes(error: type[BaseException], code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(options: object) -> None:
        raise error

    monkeypatch.setattr(commands, "run", interrupt)
    assert main.main(["sample-data", "nowhere"]) == code


def test_work_that_does_not_return_is_left_behind_on_a_signal() -> None:
    is_over, has_begun = threading.Event(), threading.Event()

    def work() -> None:
        has_begun.set()
        is_over.wait()

    def terminate() -> None:
        has_begun.wait()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=terminate).start()
    with pytest.raises(Terminated), terminated_like_interrupted():
        interruptible(work)
    assert is_work_left_behind()
    is_over.set()


def test_interruptible_work_gives_its_result_or_its_error() -> None:
    assert interruptible(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        interruptible(lambda: 1 // 0)
