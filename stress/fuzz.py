"""Thousands of spoiled images, videos, checkpoints, caches and command lines: each is used or told in one line.

Everything happens in a worker process that is started anew when it dies or hangs. A case is a pure function of seed and
number. Run from the root of a clone:

    python -m stress.fuzz --cases 2000 --seed 0
    python -m stress.fuzz --only 1234            # one case again, with all it says
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import io
import multiprocessing
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stress import fuzz_cases

LIMIT_SECONDS = 60.0
"""Per case, on a machine that may be busy."""
LIMIT_MIB = 2048
"""Memory that a case may take beyond what the process holds already (an image may have 2^26 pixels)."""
EVERY = 200
"""Cases between two tables."""
FAULTS = ("traceback", "died", "hang", "memory", "outside")


@dataclass(frozen=True)
class Outcome:
    """What came of a case.

    Attributes:
        result: ``used``, ``told``, or one of ``FAULTS``.
        said: its message, or where it went wrong.
        mib: memory it took at most.
        seconds: how long it took.
    """

    result: str
    said: str = ""
    mib: float = 0.0
    seconds: float = 0.0

    @property
    def is_fault(self) -> bool:
        """Whether that should not have happened."""
        return self.result in FAULTS


class Watch:
    """Notes what is opened to be written outside a folder, by Python itself, while it is on."""

    def __init__(self) -> None:
        self.inside: str | None = None
        self.outside: list[str] = []
        sys.addaudithook(self._hear)

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if self.inside is None:
            return
        is_writing = event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR)
        if is_writing or event in ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink"):
            path = args[1] if event == "os.rename" else args[0]
            place = os.path.realpath(os.fsdecode(path)) if isinstance(path, str | bytes | os.PathLike) else ""
            is_new = event != "os.mkdir" or not os.path.exists(place)
            if place and is_new and not f"{place}/".startswith((self.inside, "/dev/", "/proc/")):
                ours = [f for f in traceback.extract_stack() if "master_thesis" in f.filename]
                self.outside.append(f"{event} {place}" + (f" ({ours[-1].name})" if ours else ""))


_watch: list[Watch] = []  # a hook stays for good: one is enough


@contextlib.contextmanager
def watched(folder: Path) -> Iterator[list[str]]:
    """Collects what is written outside a folder."""
    if not _watch:
        _watch.append(Watch())
    watch = _watch[0]
    watch.inside, watch.outside = os.path.realpath(folder) + os.sep, []
    try:
        yield watch.outside
    finally:
        watch.inside = None


def attempt(world: fuzz_cases.World, number: int, seed: int) -> Outcome:
    """Makes a case and tries it in this process.

    Args:
        world: good files, and a folder ``out`` in which alone may be written.
        number: of the case.
        seed: of all.
    """
    case = fuzz_cases.make_case(world, number, fuzz_cases.draws(seed, number))
    shutil.rmtree(world.out, ignore_errors=True)
    world.out.mkdir()
    before, home = world.snapshot(), os.getcwd()
    forget_peak()
    held, start = memory("VmRSS"), time.monotonic()
    said = io.StringIO()
    os.chdir(world.out)
    try:
        with watched(world.out) as outside, warnings.catch_warnings(), contextlib.redirect_stdout(said):
            warnings.simplefilter("ignore")
            with contextlib.redirect_stderr(said):
                result = case.run()
        message = said.getvalue()
    except BaseException as error:
        result, message = "traceback", "".join(traceback.format_exception(error))
    finally:
        os.chdir(home)
    mib = memory("VmHWM") - held
    changed = [str(path) for path in before.items() ^ world.snapshot().items()]
    if outside or changed:
        result, message = "outside", "; ".join([*outside, *changed])
    elif result in ("used", "told") and mib > LIMIT_MIB:
        result, message = "memory", f"{mib:.0f} MiB: {message}"
    elif result == "told" and "Traceback" in message:
        result = "traceback"
    return Outcome(result, message, mib, time.monotonic() - start)


def forget_peak() -> None:
    """Sets the highest memory seen so far back to what is held now."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def memory(name: str) -> float:
    """A line of this process' status, in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1024


def work(folder: Path, seed: int, pipe: Any) -> None:
    """What the worker does: tries the cases whose numbers it is told."""
    os.setsid()
    world = fuzz_cases.World(folder)
    fuzz_cases.warm_up(world)
    pipe.send("ready")
    while (number := pipe.recv()) is not None:
        most = int((memory("VmSize") + 2 * LIMIT_MIB) * 2**20)  # twice: what is reserved is not all used
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))
        pipe.send(attempt(world, number, seed))


class Worker:
    """A process that tries cases, and another one when it dies.

    Args:
        folder: with the good files; see :func:`fuzz_cases.build`.
        seed: of all cases.
        limit: seconds that a case may take.
        target: what the process does.
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
            outcome = Outcome("hang", f"not done after {self.limit:g} s", seconds=self.limit)
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
        """Ends the process and all that it started."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.join()
        self._process = None


def table(outcomes: dict[int, tuple[str, Outcome]]) -> str:
    """Counts per kind and result, the most memory and the longest time."""
    lines = ["| kind | cases | used | told | faults | most memory | longest |", "|---|---|---|---|---|---|---|"]
    for kind in fuzz_cases.KINDS:
        own = [outcome for name, outcome in outcomes.values() if name == kind]
        counts = collections.Counter("fault" if o.is_fault else o.result for o in own)
        most = max((o.mib for o in own), default=0.0)
        longest = max((o.seconds for o in own), default=0.0)
        lines.append(
            f"| {kind} | {len(own)} | {counts['used']} | {counts['told']} | {counts['fault']} "
            f"| {most:.0f} MiB | {longest:.1f} s |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, nargs="+", help="numbers of cases to try again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        world = fuzz_cases.build(Path(name))
        worker = Worker(world.folder, options.seed)
        outcomes = {}
        for number in options.only or range(options.cases):
            outcome = worker.attempt(number)
            outcomes[number] = (fuzz_cases.kind_of(number), outcome)
            if len(outcomes) % EVERY == 0:
                print(f"after {len(outcomes)} cases\n{table(outcomes)}", flush=True)
            if outcome.is_fault or options.only:
                what = fuzz_cases.make_case(world, number, fuzz_cases.draws(options.seed, number)).what
                print(f"case {number} ({outcomes[number][0]}, {what}): {outcome.result}\n{outcome.said}", flush=True)
        worker.close()
    print(table(outcomes))
    raise SystemExit(any(outcome.is_fault for _, outcome in outcomes.values()))


if __name__ == "__main__":
    main()
