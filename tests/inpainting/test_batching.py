import logging

import pytest
import torch

from master_thesis.errors import UserError
from master_thesis.inpainting import batching
from master_thesis.inpainting.inpainter import inpaint
from tests.factories import CountingAligner, Painter, make_sequence


class Small(Painter):
    """A painter on a GPU that holds so many pairs."""

    def __init__(self, holds):
        super().__init__()
        self.holds = holds

    def __call__(self, x_target, *args):
        if len(x_target) > self.holds:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return super().__call__(x_target, *args)


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch):
    monkeypatch.setattr(batching, "_fitting", {})


@pytest.mark.parametrize("algorithm", ["ff", "cp"])
def test_batches_that_do_not_fit_are_halved_and_logged_once_per_size(algorithm, caplog):
    with caplog.at_level(logging.WARNING):
        for height, width in ((16, 24), (16, 24), (24, 16)):
            x, m = make_sequence(12, height, width)
            wanted = inpaint(x, m, CountingAligner(), Painter(), algorithm, pair_batch=8)
            painter = Small(holds=2)
            assert torch.equal(inpaint(x, m, CountingAligner(), painter, algorithm, pair_batch=8).frames, wanted.frames)
            assert max(painter.batch_sizes) <= 2
    said = [record.getMessage() for record in caplog.records]
    assert len(set(said)) == len(said)
    assert said[-1].startswith("out of GPU memory at 16 x 24: continuing with ")


def test_a_single_pair_that_does_not_fit_is_an_error():
    with pytest.raises(UserError, match=r"does not hold one pair of frames of 24 x 16: choose a smaller --test_size"):
        inpaint(*make_sequence(4, 16, 24), CountingAligner(), Small(holds=0))
