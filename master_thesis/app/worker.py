"""Runs commands for the page in a process of its own: ``python -m master_thesis.app.worker``.

A worker is started in advance, because importing takes seconds. It reads one line, a JSON object with the
command lines (``commands``) and the file for their messages (``log``), runs them in order until one fails, and writes
their progress to its output, one JSON object per line. When its input is closed, because
the page has ended, it stops like an interrupted command.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import threading
import time
from typing import Any, TextIO

from master_thesis.cli.main import main as run_command

PRELOADED = (
    "pytorch_lightning",
    "master_thesis.cli.build",
    "master_thesis.video.jobs",
    "master_thesis.video.mask_making",
)
PAUSE_SECONDS = 0.15
"""Time between two reports."""


class Reporter:
    """Writes progress to a channel at intervals.

    Args:
        channel: where it goes.
    """

    def __init__(self, channel: TextIO) -> None:
        self.channel, self._last, self._what = channel, 0.0, ""

    def report(self, progress: Any) -> None:
        """Reports unless the last report is recent."""
        is_over = progress.total is not None and progress.num_done >= progress.total
        if progress.what == self._what and not is_over and time.monotonic() - self._last < PAUSE_SECONDS:
            return
        self._last, self._what = time.monotonic(), progress.what
        seen = {"what": progress.what, "done": progress.num_done, "total": progress.total}
        print(json.dumps(seen | {"seconds_left": progress.seconds_left}), file=self.channel, flush=True)


def main() -> int:
    """Runs the commands of one line of the input; returns the exit code of the last one."""
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what commands print is part of their messages
    for name in PRELOADED:
        importlib.import_module(name)
    line = sys.stdin.readline()
    if not line:
        return 0
    job = json.loads(line)
    _write_messages_to(job["log"])
    threading.Thread(target=_end_with_the_page, daemon=True).start()
    from master_thesis.video.progress import watching

    code = 0
    for number, words in enumerate(job["commands"]):
        with watching(Reporter(channel).report):
            code = run_command(words)
        if code:
            break
        print(json.dumps({"finished": number}), file=channel, flush=True)
    return code


def _write_messages_to(path: str) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for stream in (1, 2):
        os.dup2(file, stream)
    os.close(file)


def _end_with_the_page() -> None:
    while sys.stdin.read(1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
