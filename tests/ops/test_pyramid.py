import torch

from master_thesis.ops.pyramid import fill_smoothly


def test_known_values_stay_and_a_constant_fills_any_hole() -> None:
    values = torch.full((2, 3, 13, 22), 0.7)
    weights = torch.ones(2, 1, 13, 22)
    weights[:, :, 3:11, 5:20] = 0
    filled = fill_smoothly(values * weights, weights)
    torch.testing.assert_close(filled, values, atol=1e-4, rtol=0)


def test_holes_stay_within_what_surrounds_them_and_what_they_hold_is_not_read() -> None:
    generator = torch.Generator().manual_seed(0)
    values, weights = torch.rand(1, 1, 32, 48, generator=generator), torch.ones(1, 1, 32, 48)
    weights[:, :, 8:24, 10:40] = 0
    filled = fill_smoothly(values, weights)
    assert filled.min() >= values[weights > 0].min() - 1e-4
    assert filled.max() <= values[weights > 0].max() + 1e-4
    poisoned = torch.where(weights > 0, values, 1e3)
    torch.testing.assert_close(fill_smoothly(poisoned, weights), filled)
    assert torch.equal(filled[weights > 0], values[weights > 0])


def test_nothing_known_gives_zero_and_not_nan() -> None:
    assert torch.equal(fill_smoothly(torch.rand(1, 2, 9, 7), torch.zeros(1, 1, 9, 7)), torch.zeros(1, 2, 9, 7))
