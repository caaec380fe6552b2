import pytest
import torch

from master_thesis.models.small.chn import SmallCHN


def _inputs(h: int, w: int, f: int = 2) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(1)
    x = torch.rand(1, 3, h, w, generator=generator)
    v = torch.ones(1, 1, h, w)
    v[:, :, h // 4 : h // 2, w // 4 : w // 2] = 0
    aligned = torch.rand(1, 3, f, h, w, generator=generator)
    seen = (torch.rand(1, 1, f, h, w, generator=generator) > 0.3).float()
    return x * v, v, aligned, seen, (seen - v.unsqueeze(2)).clamp(0, 1)


def test_the_preset_is_small() -> None:
    assert sum(p.numel() for p in SmallCHN().parameters()) == 1_430_963


@pytest.mark.parametrize("size", [(32, 48), (37, 51)])
def test_known_pixels_are_the_targets_to_the_last_bit(size: tuple[int, int]) -> None:
    x, v, *rest = _inputs(*size)
    predicted, composed = SmallCHN((4, 8, 8))(x, v, *rest)
    assert predicted.shape == composed.shape == (1, 3, 2, *size)
    known = v.unsqueeze(2).expand_as(composed) > 0
    assert torch.equal(composed[known], x.unsqueeze(2).expand_as(composed)[known])
    assert 0 <= predicted.min() <= predicted.max() <= 1


def test_copyable_pixels_are_copied_and_never_corrected() -> None:
    x, v, aligned, seen, copyable = _inputs(32, 48)
    network = SmallCHN((4, 8, 8))
    torch.nn.init.normal_(network.tail.weight)
    with torch.no_grad():
        composed = network(x, v, aligned, seen, copyable).composed
    is_copied = copyable.expand_as(aligned) > 0
    torch.testing.assert_close(composed[is_copied], aligned[is_copied])
    is_open = (1 - v.unsqueeze(2) - copyable).expand_as(aligned) > 0
    assert (composed[is_open] - aligned[is_open]).abs().mean() > 0.05


def test_a_new_network_ignores_pixels_that_cannot_be_copied() -> None:
    x, v, aligned, seen, copyable = _inputs(32, 48)
    other = torch.where(copyable > 0, aligned, 1 - aligned)
    with torch.no_grad():
        guesses = [SmallCHN((4, 8, 8))(x, v, a, seen, copyable).predicted for a in (aligned, other)]
    torch.testing.assert_close(*guesses)


def test_the_gradient_reaches_every_weight_after_the_first_step() -> None:
    x, v, *rest = _inputs(32, 48)
    network = SmallCHN((4, 8, 8))
    torch.nn.init.normal_(network.tail.weight, std=0.01)
    network(x, v, *rest).composed.mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())
