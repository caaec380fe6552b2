"""Spoiled files and commands, a few of the thousands of stress/fuzz.py; and that its guards see faults."""

import mmap
import os
import time
from pathlib import Path

import pytest

from stress import fuzz, fuzz_cases
from stress.fuzz_cases import Case

# Lightning's advice on workers, logging and accelerators is not what these tests are about.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")

NUM_CASES = 60


def test_sixty_spoiled_files_and_commands_are_used_or_told(fuzz_world):
    outcomes = {n: (fuzz_cases.kind_of(n), fuzz.attempt(fuzz_world, n, seed=1)) for n in range(NUM_CASES)}
    faults = [(n, kind, o.result, o.said) for n, (kind, o) in outcomes.items() if o.is_fault]
    assert faults == []
    assert {kind for kind, _ in outcomes.values()} == set(fuzz_cases.KINDS)
    assert {o.result for _, o in outcomes.values()} == {"used", "told"}
    assert f"| cache | {NUM_CASES // 6} |" in fuzz.table(outcomes)


def fail() -> str:
    raise KeyError("sizes")


def leave_something() -> str:
    Path("..", "left").touch()
    return "used"


def spoil_an_input() -> str:
    with open("../good/grey.png", "ab") as file:
        file.write(b"more")
    return "used"


def take_memory() -> str:
    with mmap.mmap(-1, 30 * 2**20) as pages:  # new ones: the allocator may keep freed ones
        pages.write(bytes(len(pages)))
    return "used"


def tell_a_traceback() -> str:
    print("Traceback (most recent call last):")
    return "told"


@pytest.mark.parametrize(
    ("run", "result", "said"),
    [
        (fail, "traceback", "KeyError: 'sizes'"),
        (leave_something, "outside", "left"),
        (spoil_an_input, "outside", "grey.png"),
        (take_memory, "memory", "MiB"),
        (tell_a_traceback, "traceback", ""),
        (lambda: "told", "told", ""),
    ],
)
def test_a_fault_is_seen(tmp_path, monkeypatch, run, result, said):
    world = fuzz_cases.World(tmp_path)
    world.good.mkdir()
    (world.good / "grey.png").write_bytes(b"a picture")
    monkeypatch.setattr(fuzz_cases, "make_case", lambda *args: Case("something", run))
    monkeypatch.setattr(fuzz, "LIMIT_MIB", 20)
    outcome = fuzz.attempt(world, 0, seed=0)
    assert outcome.result == result
    assert said in outcome.said
    assert outcome.is_fault == (result != "told")


def stubborn(folder, seed, pipe):
    """A worker that survives every other case."""
    os.setsid()
    pipe.send("ready")
    while True:
        match pipe.recv():
            case 0:
                pipe.send(fuzz.Outcome("used"))
            case 1:
                os.abort()
            case 2:
                time.sleep(60)


def test_a_worker_that_dies_or_hangs_is_replaced(tmp_path):
    worker = fuzz.Worker(tmp_path, seed=0, limit=0.5, target=stubborn)
    results = []
    for number in (0, 1, 0, 2, 0):
        outcome = worker.attempt(number)
        if outcome.result == "hang" and number != 2:  # a machine that is busy: only where it should
            outcome = worker.attempt(number)
        results.append(outcome.result)
    worker.close()
    assert results == ["used", "died", "used", "hang", "used"]
