import torch

from master_thesis.ops.image import FILL
from master_thesis.records import Alignment, MaskedFrames
from master_thesis.training.figures import copy_plainly, rows


def test_plain_copying_takes_the_first_reference_that_shows_a_pixel():
    target = torch.full((1, 3, 1, 4), 0.9)
    mask = torch.tensor([0.0, 1, 1, 1]).view(1, 1, 1, 4)
    aligned = torch.stack([torch.full((3, 1, 4), 0.1), torch.full((3, 1, 4), 0.2)], dim=1)[None]
    visible = torch.tensor([[1.0, 1, 0, 0], [1, 1, 1, 0]]).view(1, 1, 2, 1, 4)
    filled = copy_plainly(MaskedFrames(target, 1 - mask), Alignment(aligned, visible, visible))
    expected = [torch.full((3,), v) for v in (0.9, 0.1, 0.2)] + [torch.tensor(FILL)]
    assert torch.allclose(filled[0, :, 0].T, torch.stack(expected))


def test_columns_are_side_by_side_and_references_below_each_other():
    columns = [torch.full((1, 3, 2, 4, 4), value) for value in (0.25, 0.5, 0.75)]
    columns[2][:, :, 1] = 1.0
    picture = rows(*columns)
    centres = picture[0, 4::6, 4::6]
    assert torch.allclose(centres, torch.tensor([[0.25, 0.5, 0.75], [0.25, 0.5, 1.0]]))
