"""Losses that ask for texture."""

import pytest
import torch
import torch.nn.functional as F

from master_thesis.losses.texture import adversarial_losses, style_loss
from master_thesis.models.discriminator import PatchDiscriminator

LEFT = torch.zeros(1, 1, 8, 8)
LEFT[..., :4] = 1


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def test_style_is_the_distance_of_gram_matrices_of_the_painted_part() -> None:
    a, b = random(1, 3, 8, 8), random(1, 3, 8, 8, seed=1)
    grams = [x[0, :, :, :4].reshape(3, 32) @ x[0, :, :, :4].reshape(3, 32).T / (32 * 3) for x in (a, b)]
    assert style_loss([a], [b], LEFT) == pytest.approx(float((grams[0] - grams[1]).abs().mean()), rel=1e-4)


def test_style_does_not_see_where_texture_lies() -> None:
    a = random(1, 3, 8, 8)
    moved = torch.cat((a[..., :4].flip(2).roll(1, 3), random(1, 3, 8, 4, seed=1)), dim=3)
    assert float(style_loss([a], [moved], LEFT)) < 1e-6
    assert float(style_loss([a], [a.mean(dim=(2, 3), keepdim=True).expand_as(a)], LEFT)) > 1e-3


class Mean(torch.nn.Module):
    """Judges a patch by its mean colour, times a weight."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(0.1))

    def forward(self, frames, is_open):
        value = self.weight * F.avg_pool2d(frames.mean(dim=1, keepdim=True), 4)
        return value, [value]


def test_adversarial_losses_by_hand_over_the_painted_patches() -> None:
    true, fake = torch.full((1, 3, 8, 8), 0.6), torch.full((1, 3, 8, 8), 0.2)
    fake[..., 4:] = 0.9  # known, and therefore not judged
    judge = Mean()
    with torch.no_grad():
        on_true, on_fake = (judge(normalised(x), LEFT)[0][0, 0, 0, 0] for x in (true, fake))
    found = adversarial_losses(judge, fake, true, LEFT)
    assert found.judged.item() == pytest.approx(-on_fake.item(), rel=1e-4)
    assert found.discriminator.item() == pytest.approx((1 - on_true + 1 + on_fake).item(), rel=1e-4)


def normalised(x: torch.Tensor) -> torch.Tensor:
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    return (x - mean) / std


def test_each_side_has_its_own_gradient() -> None:
    judge = PatchDiscriminator(width=4)
    fake = random(2, 3, 32, 32).requires_grad_()
    mask = torch.zeros(2, 1, 32, 32)
    mask[..., 8:24, 8:24] = 1
    found = adversarial_losses(judge, fake, random(2, 3, 32, 32, seed=1), mask)
    (found.judged + found.matching).backward(retain_graph=True)
    assert fake.grad is not None
    assert fake.grad.abs().sum() > 0
    assert all(p.grad is None for p in judge.parameters())
    fake.grad = None
    found.discriminator.backward()
    assert fake.grad is None
    assert all(p.grad is not None for p in judge.parameters())
