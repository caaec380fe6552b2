"""The aligner that shows nothing."""

import torch

from master_thesis.models.classical.blind import BlindAligner
from tests.factories import make_pair


def test_nothing_is_shown_of_any_reference() -> None:
    alignment = BlindAligner().align(*make_pair(2, 3, 16, 24))
    assert alignment.aligned.shape == (2, 3, 3, 16, 24)
    assert not torch.cat((alignment.visible, alignment.copyable), dim=1).any()
