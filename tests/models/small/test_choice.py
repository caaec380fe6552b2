"""What the choice looks at: nothing hidden, and every pair on its own."""

import pytest
import torch

from master_thesis.models.small.choice import ChoiceHead
from master_thesis.models.small.layers import warp_inside
from master_thesis.records import MaskedFrames


@pytest.fixture
def head() -> ChoiceHead:
    torch.manual_seed(0)
    return ChoiceHead(8).eval()


def pair(n: int = 2) -> tuple[MaskedFrames, MaskedFrames, tuple[torch.Tensor, ...], tuple[torch.Tensor, ...]]:
    generator = torch.Generator().manual_seed(1)
    colours = torch.rand(2, n, 3, 32, 40, generator=generator)
    visible = torch.ones(2, n, 1, 32, 40)
    visible[0, ..., 8:20, 10:24], visible[1, ..., 2:9, 30:38] = 0, 0
    flows = tuple(torch.randn(2, n, 2, 16, 20, generator=generator) * 0.02)
    trusts = tuple(torch.randn(2, n, 1, 16, 20, generator=generator))
    return MaskedFrames(colours[0], visible[0]), MaskedFrames(colours[1], visible[1]), flows, trusts


def test_holes_have_no_influence(head: ChoiceHead) -> None:
    target, ref, flows, trusts = pair()
    repainted = [MaskedFrames(s.colours * s.visible + 0.7 * (1 - s.visible), s.visible) for s in (target, ref)]
    with torch.no_grad():
        torch.testing.assert_close(head(target, ref, flows, trusts), head(*repainted, flows, trusts))


def test_pairs_are_independent(head: ChoiceHead) -> None:
    target, ref, flows, trusts = pair()
    alone = [MaskedFrames(s.colours[1:], s.visible[1:]) for s in (target, ref)]
    with torch.no_grad():
        both = head(target, ref, flows, trusts)
        one = head(*alone, [f[1:] for f in flows], [t[1:] for t in trusts])
    torch.testing.assert_close(both[1:], one, atol=1e-5, rtol=1e-5)


def test_a_fully_hidden_pair_has_finite_costs(head: ChoiceHead) -> None:
    target, ref, flows, trusts = pair()
    nothing = [MaskedFrames(s.colours, torch.zeros_like(s.visible)) for s in (target, ref)]
    with torch.no_grad():
        assert torch.isfinite(head(*nothing, flows, trusts)).all()


def test_a_flow_of_four_pixels_samples_four_pixels_to_the_right() -> None:
    planes = torch.arange(16.0).view(1, 1, 1, 16).expand(1, 1, 8, 16)
    flow = torch.zeros(1, 2, 4, 8)
    flow[:, 0] = 4 / 16
    seen = warp_inside(planes, flow)[0, 0, 3]
    torch.testing.assert_close(seen[:12], torch.arange(4.0, 16.0), atol=1e-4, rtol=0)
    assert (seen[12:] == 0).all(), "outside of the reference there is nothing"
