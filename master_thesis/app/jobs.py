"""Jobs of the page: one runs at a time, in a process that can be cancelled; the others wait in a queue."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from master_thesis.errors import UserError, require
from master_thesis.runtime.atomic import atomic_path

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
STATE, LOG = "job.json", "job.log"
"""Files in the folder of a session: its last job, and the messages of that."""
INTERRUPTED_CODES = (130, 143, -2, -15)
"""Exit codes of a worker that was asked to end."""
ENDED = "the program ended before it was done: start it again, what is done is kept"
GRACE_SECONDS = 20.0
"""Time that a worker has to save its progress."""


def _nothing(number: int = 0) -> None:
    """Called after most jobs and commands."""


@dataclass
class Job:
    """Commands to run for a session, and their progress.

    Attributes:
        kind: one word for the page.
        commands: command lines without the name of the program, run in order.
        folder: of the session.
        on_done: called after success.
        on_command: called with the number of each command that has succeeded.
        state: one of the words above.
        progress: what the worker reported last.
        message: how it ended.
    """

    kind: str
    commands: list[list[str]]
    folder: Path
    on_done: Callable[[], None] = _nothing
    on_command: Callable[[int], None] = _nothing
    state: str = QUEUED
    progress: dict[str, Any] = field(default_factory=dict)
    message: str = ""

    @property
    def is_active(self) -> bool:
        """Whether it waits or runs."""
        return self.state in (QUEUED, RUNNING)

    @property
    def seen(self) -> dict[str, Any]:
        """What the page shows."""
        return {"kind": self.kind, "state": self.state, "message": self.message, "is_active": self.is_active,
                "progress": self.progress}  # fmt: skip

    def enter(self, state: str, message: str = "") -> None:
        """Changes the state, first on disk unless that is full or the session has been deleted."""
        try:
            with contextlib.suppress(UserError), atomic_path(self.folder / STATE) as part:
                part.write_text(json.dumps({"kind": self.kind, "state": state, "message": message}), encoding="utf-8")
        finally:
            self.message, self.state = message, state

    @classmethod
    def last(cls, folder: Path) -> Job | None:
        """The last job of a session that was opened before; None: there is none."""
        try:
            content = json.loads((folder / STATE).read_text(encoding="utf-8"))
            job = cls(str(content["kind"]), [], folder, state=str(content["state"]), message=str(content["message"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if job.is_active:
            job.state, job.message = CANCELLED, ENDED
        return job


class JobQueue:
    """Runs jobs one after another.

    Args:
        worker: the command line of a worker.
    """

    def __init__(self, worker: tuple[str, ...] = (sys.executable, "-m", "master_thesis.app.worker")) -> None:
        self._command = worker
        self._jobs: list[Job] = []
        self._changed, self._is_closed = threading.Condition(), False
        self._spare = self._started()
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def add(self, job: Job) -> None:
        """Adds a job at the end.

        Raises:
            UserError: the session has one already.
        """
        with self._changed:
            is_free = all(other.folder != job.folder for other in self._jobs)
            require(is_free, "something is being computed here already: cancel it, or wait until it is done")
            job.enter(QUEUED)
            self._jobs.append(job)
            self._changed.notify()

    def ahead(self, job: Job) -> int:
        """How many jobs run before this one."""
        with self._changed:
            return self._jobs.index(job) if job in self._jobs else 0

    def cancel(self, job: Job) -> None:
        """Removes a job from the queue, or asks its worker to stop and to keep what is done."""
        with self._changed:
            if job.state == QUEUED and job in self._jobs:
                self._jobs.remove(job)
                job.enter(CANCELLED, "cancelled before it began")
            elif job.state == RUNNING and self._process is not None:
                self._process.terminate()

    def close(self) -> None:
        """Ends the workers."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
            processes = [self._spare, self._process]
        for process in processes:
            if process is not None:
                _end(process)
        self._thread.join()

    def _started(self) -> subprocess.Popen[str]:
        return subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._jobs or self._is_closed)
                if self._is_closed:
                    return
                job = self._jobs[0]
                job.state = RUNNING
                self._process = process = self._spare
            try:
                self._finish(job, self._run(job, process))
            except (UserError, OSError) as error:  # the next job may succeed
                job.enter(FAILED, str(error))
            with self._changed:
                self._jobs.remove(job)
                self._process = None
                if not self._is_closed:
                    self._spare = self._started()

    def _run(self, job: Job, process: subprocess.Popen[str]) -> int:
        """Gives a job to a worker and follows its progress; returns its exit code."""
        assert process.stdin is not None
        assert process.stdout is not None
        job.enter(RUNNING)
        (job.folder / LOG).unlink(missing_ok=True)
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(json.dumps({"commands": job.commands, "log": str(job.folder / LOG)}) + "\n")
            process.stdin.flush()
        for line in process.stdout:
            with contextlib.suppress(ValueError, UserError):  # the latter: a full disk keeps no note
                said = json.loads(line)
                if "finished" in said:
                    job.on_command(said["finished"])
                else:
                    job.progress = said
        code = process.wait()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        return code

    def _finish(self, job: Job, code: int) -> None:
        said = last_words(job.folder / LOG)
        job.progress = {}
        if code == 0:
            job.on_done()
            job.enter(DONE, said)
        elif code in INTERRUPTED_CODES:
            job.enter(CANCELLED, _of_this_page(said) if said.startswith("interrupted") else "cancelled")
        else:
            job.enter(FAILED, said or f"the work ended without a message (exit code {code})")


def _end(process: subprocess.Popen[str]) -> None:
    """Ends a process; a spare one is not doing anything yet."""
    process.terminate()
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError, ValueError):
                pipe.close()


def last_words(log: Path) -> str:
    """The last line of messages, without the name of the program."""
    try:
        lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
    except OSError:
        return ""
    last = next((line for line in reversed(lines) if line), "")
    return last.partition("error: ")[2] or last


def _of_this_page(sentence: str) -> str:
    """What the command says about its interruption, for readers who have a button instead of a command."""
    return re.sub(r" in /.*\.parts", "", sentence).replace("the same command", "starting it again")
