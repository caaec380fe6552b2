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
    columns = {str(value): torch.full((1, 3, 2, 4, 4), value) for value in (0.25, 0.5, 0.75)}
    columns["0.75"][:, :, 1] = 1.0
    pictures = rows(columns)[0, 18:]
    centres = pictures[4::6, 4::6]
    assert torch.allclose(centres, torch.tensor([[0.25, 0.5, 0.75], [0.25, 0.5, 1.0]]))


def test_every_column_has_its_title():
    """Columns with the same images differ in their titles alone, and each title stays above its column."""
    column = torch.zeros(1, 3, 1, 64, 64)
    first, second = (rows({name: column, "aligned": column}) for name in ("target", "true"))
    titles = (first != second).nonzero()
    assert titles[:, 1].max() < 18
    assert titles[:, 2].max() < 2 + 64
    assert (first[:, :18, 68:130].amax(), first[:, 20:].max()) == (1, 0)
