"""How many pairs go through the networks together."""

import pytest
import torch

from master_thesis.inpainting import resources
from master_thesis.inpainting.algorithms import inpaint
from tests.inpainting.stand_ins import CountingAligner, Painter, make_sequence

CPU = torch.device("cpu")
ONE = resources.PAIR_BYTES + resources.PIXEL_BYTES * 240 * 480


@pytest.fixture(autouse=True)
def nothing_is_remembered():
    resources.fitting_pairs.cache_clear()
    yield
    resources.fitting_pairs.cache_clear()


def with_free(monkeypatch, free):
    resources.fitting_pairs.cache_clear()
    monkeypatch.setattr(resources, "memory_free", lambda: free)


def test_half_of_the_free_memory_is_for_pairs(monkeypatch):
    for times, pairs in ((0, 1), (2, 1), (7, 2), (9, 4), (15, 4), (16, 8), (1000, 8)):
        with_free(monkeypatch, times * ONE)
        assert resources.fitting_pairs(240, 480, CPU) == pairs
    with_free(monkeypatch, None)
    assert resources.fitting_pairs(240, 480, CPU) == 8, "where the system does not say"
    with_free(monkeypatch, 9 * ONE)
    assert resources.fitting_pairs(480, 960, CPU) < 4, "larger frames take more"


def test_memory_that_the_first_window_keeps_does_not_slow_the_next_one(monkeypatch):
    with_free(monkeypatch, 1000 * ONE)
    assert resources.fitting_pairs(240, 480, CPU) == 8
    monkeypatch.setattr(resources, "memory_free", lambda: 2 * ONE)
    assert resources.fitting_pairs(240, 480, CPU) == 8
    assert resources.fitting_pairs(480, 960, CPU) == 1, "frames of another size are another question"


def test_the_limit_of_a_container_counts_and_systems_without_either_say_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr(resources, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(resources, "CGROUP", tmp_path)
    assert resources.memory_free() is None
    (tmp_path / "meminfo").write_text("MemTotal: 9000 kB\nMemAvailable: 8000 kB\n")
    assert resources.memory_free() == 8000 * 1024
    for name, text in (("max", "max"), ("current", "3000000\n"), ("stat", "anon 5\ninactive_file 500000\n")):
        (tmp_path / f"memory.{name}").write_text(text)
    assert resources.memory_free() == 8000 * 1024, "a container without a limit"
    for limit, left in ((4_000_000, 1_500_000), (2_000_000, 0), (900_000_000, 8000 * 1024)):
        (tmp_path / "memory.max").write_text(f"{limit}\n")
        assert resources.memory_free() == left


def test_a_run_asks_for_no_more(monkeypatch):
    x, m = make_sequence(6, 9, 12)
    for free, largest in ((0, 1), (None, 6)):
        with_free(monkeypatch, free)
        aligner = CountingAligner()
        inpaint(x, m, aligner, Painter(), "ff")
        assert max(aligner.batch_sizes) == largest
