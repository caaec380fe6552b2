"""VGG16's blocks against torchvision's."""

import pytest
import torch
from torchvision.models.vgg import cfgs, make_layers

from master_thesis.models.vgg import VGG16


@pytest.fixture(scope="module")
def torchvision_features():
    """The convolutions of torchvision's VGG16; its classifier would cost 500 MB."""
    torch.manual_seed(1)
    return make_layers(cfgs["D"]).eval()


@pytest.mark.parametrize("num_blocks", [4, 5])
@torch.no_grad()
def test_features_equal_torchvisions(torchvision_features, num_blocks):
    vgg = VGG16(num_blocks)
    theirs = {f"features.{name}": tensor for name, tensor in torchvision_features.state_dict().items()}
    vgg.load_state_dict({name: theirs[name] for name in vgg.state_dict()})
    frames = torch.randn(2, 3, 32, 48)
    expected = torchvision_features[: {4: 24, 5: 31}[num_blocks]](frames)
    assert torch.equal(vgg(frames), expected)
    assert expected.shape == (2, 512, 32 // 2**num_blocks, 48 // 2**num_blocks)


@torch.no_grad()
def test_the_pools_are_the_outputs_of_the_blocks():
    vgg, frames = VGG16(num_blocks=5, width=2), torch.randn(1, 3, 64, 64)
    pools = vgg.pools(frames)
    assert [tuple(pool.shape[1:]) for pool in pools] == [(2, 32, 32), (4, 16, 16), (8, 8, 8), (16, 4, 4), (16, 2, 2)]
    assert torch.equal(pools[-1], vgg(frames))
    assert vgg.num_channels == 16


def test_new_weights_are_the_same_in_every_run():
    torch.manual_seed(1)
    first = VGG16(2, width=2)
    torch.manual_seed(2)
    second = VGG16(2, width=2)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


def test_gradients_reach_the_frames():
    """They did not in the reference implementation: its perceptual loss trained nothing."""
    vgg, frames = VGG16(5, width=2), torch.rand(1, 3, 32, 32, requires_grad=True)
    sum(pool.abs().mean() for pool in vgg.pools(frames)).backward()
    assert frames.grad is not None
    assert frames.grad.any()
