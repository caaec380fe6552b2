"""A few of the thousands of cases of stress/fuzz.py, and proof that the experiment detects faults."""

import mmap
import os
import time
from pathlib import Path

import pytest

from stress import attempts, fuzz, fuzz_cases
from stress.attempts import Outcome, Worker, attempt
from stress.fuzz_cases import Case
from stress.world import World

# Lightning advises on workers, logging and accelerators.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")

NUM_CASES = 24
"""Every kind four times; `python -m stress fuzz` tries thousands."""


def test_spoiled_files_and_commands_are_used_or_refused(world):
    outcomes = {n: (fuzz_cases.kind_of(n), attempt(world, n, seed=1)) for n in range(NUM_CASES)}
    faults = [(n, kind, o.result, o.output) for n, (kind, o) in outcomes.items() if o.is_fault]
    assert faults == []
    assert {kind for kind, _ in outcomes.values()} == set(fuzz_cases.KINDS)
    assert {o.result for _, o in outcomes.values()} == {"used", "refused"}
    assert f"| cache | {NUM_CASES // 6} |" in fuzz.table(outcomes)


def fail() -> str:
    raise KeyError("sizes")


def write_outside() -> str:
    Path("..", "left").touch()
    return "used"


def spoil_an_input() -> str:
    with open("../good/grey.png", "ab") as file:
        file.write(b"more")
    return "used"


def take_memory() -> str:
    with mmap.mmap(-1, 30 * 2**20) as pages:  # the allocator might reuse freed ones
        pages.write(bytes(len(pages)))
    return "used"


def print_traceback() -> str:
    print("Traceback (most recent call last):")
    return "refused"


@pytest.mark.parametrize(
    ("run", "result", "output"),
    [
        (fail, "traceback", "KeyError: 'sizes'"),
        (write_outside, "outside", "left"),
        (spoil_an_input, "outside", "grey.png"),
        (take_memory, "memory", "MiB"),
        (print_traceback, "traceback", ""),
        (lambda: "refused", "refused", ""),
    ],
)
def test_faults_are_detected(tmp_path, monkeypatch, run, result, output):
    world = World(tmp_path)
    world.good.mkdir()
    (world.good / "grey.png").write_bytes(b"a picture")
    monkeypatch.setattr(fuzz_cases, "make_case", lambda *args: Case("something", run))
    monkeypatch.setattr(attempts, "LIMIT_MIB", 20)
    outcome = attempt(world, 0, seed=0)
    assert outcome.result == result
    assert output in outcome.output
    assert outcome.is_fault == (result != "refused")


def stubborn(folder, seed, pipe):
    """A worker that handles case 0, dies of case 1 and hangs on case 2."""
    os.setsid()
    pipe.send("ready")
    while True:
        match pipe.recv():
            case 0:
                pipe.send(Outcome("used"))
            case 1:
                os.abort()
            case 2:
                time.sleep(60)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_worker_that_dies_or_hangs_is_replaced(tmp_path, monkeypatch):
    """The workers are forked here: this one needs nothing that has to be imported."""
    fork = attempts.multiprocessing.get_context("fork")
    monkeypatch.setattr(attempts.multiprocessing, "get_context", lambda _: fork)
    worker = Worker(tmp_path, seed=0, limit=0.5, target=stubborn)
    results = []
    for number in (0, 1, 0, 2, 0):
        outcome = worker.attempt(number)
        if outcome.result == "hang" and number != 2:  # the machine was busy
            outcome = worker.attempt(number)
        results.append(outcome.result)
    worker.close()
    assert results == ["used", "died", "used", "hang", "used"]
