"""How many pairs go through the networks together."""

import pytest
import torch

from master_thesis.inpainting import batching
from master_thesis.inpainting.inpainter import inpaint
from tests.factories import CountingAligner, Painter, make_sequence

CPU = torch.device("cpu")
ONE = batching.PAIR_BYTES + batching.PIXEL_BYTES * 240 * 480


@pytest.fixture(autouse=True)
def nothing_is_remembered():
    batching.fitting_pairs.cache_clear()
    yield
    batching.fitting_pairs.cache_clear()


def with_free(monkeypatch, free):
    batching.fitting_pairs.cache_clear()
    monkeypatch.setattr(batching, "available_memory", lambda: free)


def test_half_of_the_free_memory_is_for_pairs(monkeypatch):
    for times, pairs in ((0, 1), (2, 1), (7, 2), (9, 4), (15, 4), (16, 8), (1000, 8)):
        with_free(monkeypatch, times * ONE)
        assert batching.fitting_pairs(240, 480, CPU) == pairs
    with_free(monkeypatch, None)
    assert batching.fitting_pairs(240, 480, CPU) == 8, "where the system does not say"
    with_free(monkeypatch, 9 * ONE)
    assert batching.fitting_pairs(480, 960, CPU) < 4, "larger frames take more"


def test_the_first_answer_for_a_size_stands(monkeypatch):
    with_free(monkeypatch, 1000 * ONE)
    assert batching.fitting_pairs(240, 480, CPU) == 8
    monkeypatch.setattr(batching, "available_memory", lambda: 2 * ONE)
    assert batching.fitting_pairs(240, 480, CPU) == 8
    assert batching.fitting_pairs(480, 960, CPU) == 1, "frames of another size are another question"


def test_a_run_uses_no_larger_batches(monkeypatch):
    x, m = make_sequence(6, 9, 12)
    for free, largest in ((0, 1), (None, 6)):
        with_free(monkeypatch, free)
        aligner = CountingAligner()
        inpaint(x, m, aligner, Painter(), "ff")
        assert max(aligner.batch_sizes) == largest
