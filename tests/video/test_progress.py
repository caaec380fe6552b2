"""The time left is known from the first second and comes closer to the truth; logs get a line every so often."""

import io
import logging
import time

import pytest

from master_thesis.video import progress as progress_module
from master_thesis.video.progress import LATE_SHARE, LINE_SECONDS, Progress, watching, with_progress


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def progress_of(total, expected=None, stream=None):
    clock = Clock()
    return Progress("filling", total, expected, stream or io.StringIO(), clock), clock


def test_the_estimate_counts_at_first_and_the_speed_later() -> None:
    progress, clock = progress_of(100, expected=200.0)
    assert progress.seconds_left == 200
    for _ in range(10):  # twice as slow as estimated
        clock.now += 4
        progress.update()
    assert progress.seconds_left == pytest.approx(0.5 * 180 + 0.5 * 360)
    for _ in range(10):
        clock.now += 4
        progress.update()
    assert progress.seconds_left == pytest.approx(320)


def test_without_an_estimate_the_speed_counts() -> None:
    progress, clock = progress_of(10)
    assert progress.seconds_left is None
    for clock.now, left in ((5, None), (7, 16), (9, 14)):
        progress.update()
        assert progress.seconds_left == left


def test_the_first_step_is_not_taken_for_the_pace() -> None:
    progress, clock = progress_of(289)
    clock.now = 77.0  # what is done once
    progress.update()
    assert progress.text() == "filling: 1 of 289 frames"
    clock.now += 0.4
    progress.update()
    assert progress.seconds_left == pytest.approx(0.4 * 287)


def test_the_pace_is_that_of_the_last_steps() -> None:
    progress, clock = progress_of(1000)
    for seconds in [0.1] * 200 + [2.0] * 60:
        clock.now += seconds
        progress.update()
    assert progress.seconds_left == pytest.approx(2.0 * 740)
    for _ in range(500):
        clock.now += 0.1
        progress.update()
    assert progress.seconds_left == pytest.approx(0.1 * 240)


def test_a_step_that_takes_longer_counts_before_it_ends() -> None:
    progress, clock = progress_of(10)
    for clock.now in (1, 2, 3):
        progress.update()
    assert progress.seconds_left == 7
    clock.now = 3.9
    assert progress.seconds_left == 7
    clock.now = 13
    assert progress.seconds_left == pytest.approx(4 * 7)


def test_without_a_total_frames_are_counted() -> None:
    progress, clock = progress_of(None)
    clock.now = 5
    progress.update(5)
    assert progress.text() == "filling: 5 frames"


def test_logs_get_a_line_at_the_start_and_every_so_often(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        progress, clock = progress_of(1000, expected=1000.0)
        for _ in range(100):
            clock.now += 1
            progress.update()
        progress.close()
    lines = [record.getMessage() for record in caplog.records]
    assert lines[0] == "filling: 0 of 1000 frames, about 17 minutes left"
    assert lines[1] == "filling: 30 of 1000 frames, about 16 minutes left"
    assert len(lines) == 1 + 100 // LINE_SECONDS


def test_short_work_is_silent_in_logs(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert list(with_progress("abc", "writing", 3)) == ["a", "b", "c"]
        progress_of(10, expected=3.0)
    assert caplog.records == []


def test_a_terminal_gets_one_line_that_is_rewritten() -> None:
    terminal = Terminal()
    progress, clock = progress_of(4, expected=100.0, stream=terminal)
    assert terminal.getvalue() == "\r\x1b[Kfilling: 0 of 4 frames, about 2 minutes left"
    clock.now = 10
    progress.update(4)
    progress.close()
    assert terminal.getvalue().endswith("\r\x1b[Kfilling: 4 of 4 frames\n")
    assert terminal.getvalue().count("\n") == 1


def test_the_estimate_runs_out_though_no_frame_is_completed() -> None:
    progress, clock = progress_of(10, expected=100.0)
    clock.now = 30
    assert progress.seconds_left == 70
    clock.now = 500
    assert progress.seconds_left == 100 * LATE_SHARE


def test_a_log_gets_an_early_line_of_work_without_an_estimate(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        progress, clock = progress_of(100)
        for _ in range(10):
            clock.now += 1
            progress.update()
    assert [r.getMessage() for r in caplog.records] == ["filling: 5 of 100 frames, about 2 minutes left"]


def test_reports_go_on_while_nothing_is_completed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_module, "TERMINAL_SECONDS", 0.01)
    terminal = Terminal()
    progress, clock = progress_of(4, expected=100.0, stream=terminal)
    with progress:
        clock.now = 60
        deadline = time.monotonic() + 60
        while "about 40 seconds left" not in terminal.getvalue() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert "filling: 0 of 4 frames, about 40 seconds left" in terminal.getvalue()
    assert terminal.getvalue().endswith("\n")


def test_every_step_is_seen_while_it_is_watched() -> None:
    seen = []
    with watching(lambda progress: seen.append((progress.what, progress.num_done))):
        assert list(with_progress("ab", "reading", 2)) == ["a", "b"]
    list(with_progress("cd", "writing", 2))
    assert seen == [("reading", 1), ("reading", 2)]
