"""Copies that the aligner doubts."""

import torch

from master_thesis.inpainting.canvas import Canvas
from master_thesis.inpainting.doubtful import DoubtfulCopies
from master_thesis.records import Alignment
from tests.factories import make_sequence

SIZE = (6, 8)


def doubted(confidence):
    """A reference of one tone, the confidence itself, that is shown everywhere and trusted nowhere."""
    plane = torch.full((1, 1, 1, *SIZE), confidence)
    return Alignment(plane.expand(-1, 3, -1, -1, -1), torch.zeros_like(plane), torch.zeros_like(plane), plane)


def source(number):
    return torch.full((1, 1, *SIZE), number, dtype=torch.int32)


def test_the_most_confident_copy_is_offered_for_open_pixels_alone():
    canvas = Canvas.of(*make_sequence(1, *SIZE))
    copies = DoubtfulCopies(canvas)
    for number, confidence in enumerate((0.2, 0.6, 0.4), start=1):
        copies.remember([0], doubted(confidence), source(number))
    offered, origin = copies.offer([0], doubted(0.0), source(9))
    is_open = canvas.mask[0] > 0
    assert torch.equal(offered.copyable[0, :, 0] > 0, is_open)
    assert offered.aligned[0, 0, 0][is_open[0]].unique().tolist() == [0.6000000238418579]
    assert origin[0][is_open].unique().tolist() == [2]
    assert origin[0][~is_open].unique().tolist() == [9]
    again, _ = copies.offer([0], doubted(0.0), source(9))
    assert not again.copyable.any(), "a frame is closed once"


def test_rows_without_a_target_stay_as_they_are():
    canvas = Canvas.of(*make_sequence(1, *SIZE))
    copies = DoubtfulCopies(canvas)
    copies.remember([0], doubted(0.5), source(1))
    offered, _ = copies.offer([None], doubted(0.1), source(2))
    assert not offered.copyable.any()
