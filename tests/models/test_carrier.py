"""The network that carries masks: shapes, and reading against the plain sum over all positions."""

import pytest
import torch

from master_thesis.models import carrier
from master_thesis.models.carrier import STRIDE, MaskCarrier, Memory

SIZE = (32, 48)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return MaskCarrier(width=4, key=6, value=5).eval()


@torch.no_grad()
def test_logits_have_half_the_size_and_frames_do_not_mix(network):
    frames, masks = torch.rand(2, 3, *SIZE), torch.rand(2, 1, *SIZE)
    both = network.encode(frames)
    alone = network.encode(frames[1:])
    logits = network(both, network.remember(both, masks), masks)
    assert logits.shape == (2, 1, SIZE[0] // 2, SIZE[1] // 2)
    expected = network(alone, network.remember(alone, masks[1:]), masks[1:])
    assert torch.allclose(logits[1:], expected, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("chunk", [5, 128])
def test_reading_weighs_every_position_by_its_closeness(network, chunk, monkeypatch):
    monkeypatch.setattr(carrier, "CHUNK", chunk)
    code = network.encode(torch.rand(1, 3, *SIZE))
    memory = Memory(torch.randn(1, 6, 7), torch.randn(1, 5, 7))
    values, fit = network.read(code, memory)
    query = code.key[0, :, 1, 2]  # the ninth of 24 positions
    closeness = -(query[:, None] - memory.key[0]).square().sum(dim=0) / 6**0.5
    expected = (memory.value[0] * closeness.softmax(dim=0)).sum(dim=1)
    assert torch.allclose(values[0, :, 1, 2], expected, atol=1e-5)
    assert torch.allclose(fit[0, 0, 1, 2], closeness.max().clamp(min=-20) / 10, atol=1e-5)


@torch.no_grad()
def test_the_order_of_the_memory_does_not_matter(network):
    first, second = (network.encode(torch.rand(1, 3, *SIZE)) for _ in range(2))
    parts = [network.remember(code, torch.rand(1, 1, *SIZE)) for code in (first, second)]
    guide = torch.rand(1, 1, *SIZE)
    one, other = (network(first, Memory.join(order), guide) for order in (parts, parts[::-1]))
    assert torch.allclose(one, other, atol=1e-5)
    assert SIZE[0] % STRIDE == SIZE[1] % STRIDE == 0
