"""One case of :mod:`stress.fuzz`: tried in this process, or in a worker process that it may take down."""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import os
import resource
import shutil
import signal
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stress import fuzz_cases
from stress.monitor import memory_mib, reset_peak, writes_outside
from stress.world import World

LIMIT_SECONDS = 60.0
"""Limit per case, generous for a busy machine."""
LIMIT_MIB = 2048
"""Memory that a case may add to that of the process (an image may have 2^26 pixels)."""
FAULTS = ("traceback", "died", "hang", "memory", "outside")


@dataclass(frozen=True)
class Outcome:
    """The outcome of a case.

    Attributes:
        result: ``used``, ``refused``, or one of ``FAULTS``.
        output: its message, or the place of the fault.
        mib: peak memory on top of that of the process.
        seconds: duration.
    """

    result: str
    output: str = ""
    mib: float = 0.0
    seconds: float = 0.0

    @property
    def is_fault(self) -> bool:
        """Whether the package is at fault."""
        return self.result in FAULTS


def attempt(world: World, number: int, seed: int) -> Outcome:
    """Makes a case and tries it in this process.

    Args:
        world: the good files, and ``out``, the only folder that may change.
        number: the number of the case.
        seed: the seed of all cases.
    """
    case = fuzz_cases.make_case(world, number, fuzz_cases.random_of(seed, number))
    shutil.rmtree(world.out, ignore_errors=True)
    world.out.mkdir()
    before, home = world.snapshot(), os.getcwd()
    reset_peak()
    held, start = memory_mib("VmRSS"), time.monotonic()
    printed = io.StringIO()
    os.chdir(world.out)
    try:
        with writes_outside(world.out) as outside, warnings.catch_warnings(), contextlib.redirect_stdout(printed):
            warnings.simplefilter("ignore")
            with contextlib.redirect_stderr(printed):
                result = case.run()
        output = printed.getvalue()
    except BaseException as error:
        result, output = "traceback", "".join(traceback.format_exception(error))
    finally:
        os.chdir(home)
    mib = memory_mib("VmHWM") - held
    changed = [str(path) for path in before.items() ^ world.snapshot().items()]
    if outside or changed:
        result, output = "outside", "; ".join([*outside, *changed])
    elif result in ("used", "refused") and mib > LIMIT_MIB:
        result, output = "memory", f"{mib:.0f} MiB: {output}"
    elif result == "refused" and "Traceback" in output:
        result = "traceback"
    return Outcome(result, output, mib, time.monotonic() - start)


def work(folder: Path, seed: int, pipe: Any) -> None:
    """Tries the cases whose numbers arrive through the pipe; runs in the worker process."""
    os.setsid()
    world = World(folder)
    fuzz_cases.warm_up(world)
    pipe.send("ready")
    while (number := pipe.recv()) is not None:
        limit = int((memory_mib("VmSize") + 2 * LIMIT_MIB) * 2**20)  # twice: not all that is reserved is used
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
        pipe.send(attempt(world, number, seed))


class Worker:
    """A process that tries cases; replaced when it dies or hangs.

    Args:
        folder: the folder of the :class:`World`.
        seed: the seed of all cases.
        limit: seconds that a case may take.
        target: the function that the process runs.
    """

    def __init__(
        self, folder: Path, seed: int, limit: float = LIMIT_SECONDS, target: Callable[[Path, int, Any], None] = work
    ) -> None:
        self.folder, self.seed, self.limit, self.target = folder, seed, limit, target
        self._process: Any = None

    def attempt(self, number: int) -> Outcome:
        """Tries a case."""
        if self._process is None:
            self._start()
        self._pipe.send(number)
        try:
            if self._pipe.poll(self.limit):
                return self._pipe.recv()  # type: ignore[no-any-return]
            outcome = Outcome("hang", f"still running after {self.limit:g} s", seconds=self.limit)
        except EOFError:
            self._process.join()
            outcome = Outcome("died", f"exit code {self._process.exitcode}")
        self.close()
        return outcome

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=self.target, args=(self.folder, self.seed, theirs))
        self._process.start()
        theirs.close()
        assert self._pipe.recv() == "ready"

    def close(self) -> None:
        """Ends the process and every process that it started."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.join()
        self._process = None
