import torch

from master_thesis.ops.push_pull import push_pull


def test_known_values_are_kept_and_a_constant_fills_any_hole() -> None:
    values = torch.full((2, 3, 13, 22), 0.7)
    weights = torch.ones(2, 1, 13, 22)
    weights[:, :, 3:11, 5:20] = 0
    filled = push_pull(values * weights, weights)
    torch.testing.assert_close(filled, values, atol=1e-4, rtol=0)


def test_holes_take_values_of_their_surroundings_alone() -> None:
    generator = torch.Generator().manual_seed(0)
    values, weights = torch.rand(1, 1, 32, 48, generator=generator), torch.ones(1, 1, 32, 48)
    weights[:, :, 8:24, 10:40] = 0
    filled = push_pull(values, weights)
    assert filled.min() >= values[weights > 0].min() - 1e-4
    assert filled.max() <= values[weights > 0].max() + 1e-4
    poisoned = torch.where(weights > 0, values, 1e3)
    torch.testing.assert_close(push_pull(poisoned, weights), filled)
    assert torch.equal(filled[weights > 0], values[weights > 0])


def test_relaxations_converge_to_the_membrane() -> None:
    """A solution of Laplace's equation (x^2 - y^2, x y) comes back from its values around the hole."""
    y, x = torch.meshgrid(torch.linspace(-1, 1, 33), torch.linspace(-1, 1, 33), indexing="ij")
    values, weights = torch.stack((x**2 - y**2, x * y)).unsqueeze(0), torch.ones(1, 1, 33, 33)
    weights[:, :, 6:27, 8:25] = 0
    errors = [float((push_pull(values * weights, weights, n) - values).abs().max()) for n in (0, 6, 60)]
    assert errors[0] > 2 * errors[1] > 4 * errors[2]
    assert errors[2] < 0.03


def test_fully_unknown_values_become_zero() -> None:
    assert torch.equal(push_pull(torch.rand(1, 2, 9, 7), torch.zeros(1, 1, 9, 7)), torch.zeros(1, 2, 9, 7))
