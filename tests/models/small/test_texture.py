"""The CHN that paints texture."""

import pytest
import torch

from master_thesis.models.small.texture import TextureCHN
from master_thesis.ops.push_pull import push_pull
from tests.factories import make_pair


def paint(chn: TextureCHN, copyable: torch.Tensor | None = None, height: int = 22, width: int = 35):
    x, m, refs, _ = make_pair(1, 1, height, width)
    nothing = torch.zeros(1, 1, 1, height, width)
    return x, m, refs, chn(x, 1 - m, refs, nothing, nothing if copyable is None else copyable)


def trained(width: int = 4) -> TextureCHN:
    torch.manual_seed(0)
    chn = TextureCHN(width, 1).eval()
    torch.nn.init.normal_(chn.tail.weight)
    return chn


def test_an_untrained_network_continues_smoothly() -> None:
    x, m, _, painted = paint(TextureCHN(4, 1))
    torch.testing.assert_close(painted.composed[:, :, 0], m * push_pull((1 - m) * x, 1 - m, 4) + (1 - m) * x)


def test_known_pixels_stay_to_the_bit() -> None:
    x, m, _, painted = paint(trained())
    assert torch.equal(((1 - m) * painted.composed[:, :, 0]), (1 - m) * x)
    assert not torch.allclose(m * painted.composed[:, :, 0], m * x)


def test_copies_stay_to_the_bit() -> None:
    _, m, refs, _ = paint(trained())
    copyable = m.unsqueeze(2).clone()
    copyable[..., ::2] = 0
    _, _, _, painted = paint(trained(), copyable)
    assert torch.equal(copyable * painted.composed, copyable * refs)


@pytest.mark.parametrize("size", [(5, 7), (16, 16), (33, 18)])
def test_any_size(size: tuple[int, int]) -> None:
    assert paint(trained(), None, *size)[3].composed.shape == (1, 3, 1, *size)
