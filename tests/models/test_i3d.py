import pytest
import torch

from master_thesis.models.i3d import I3D
from tests.oracles.i3d import features, random_weights


def load(width, seed=0):
    network = I3D(width)
    state = random_weights(network, seed)
    network.load_state_dict({f"layers.{k}": v for k, v in state.items() if not k.startswith("logits.")})
    return network.double(), {name: tensor.double() for name, tensor in state.items()}


@pytest.mark.parametrize("size", [(2, 32, 48), (5, 37, 50), (9, 64, 33)])
@torch.no_grad()
def test_features_equal_those_of_a_plain_transcription(size):
    network, state = load(width=8)
    video = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    expected = features(state, video)
    assert expected.std() > 0
    torch.testing.assert_close(network(video), expected)


def test_the_published_size():
    with torch.device("meta"):
        network = I3D()
    shapes = {name: tuple(t.shape) for name, t in network.layers.state_dict().items()}
    assert network.num_features == 1024
    assert shapes["Conv3d_1a_7x7.conv3d.weight"] == (64, 3, 7, 7, 7)
    assert shapes["Mixed_4f.b1a.conv3d.weight"] == (160, 528, 1, 1, 1)
    assert shapes["Mixed_5c.b2b.conv3d.weight"] == (128, 48, 3, 3, 3)
    assert sum("conv3d" in name for name in shapes) == 57, "3 convolutions, and 6 in each of 9 modules"
    assert 12.2e6 < sum(p.numel() for p in network.parameters()) < 12.4e6


def test_it_is_frozen():
    network = I3D(width=4).train()
    assert not network.layers.training
    assert not any(p.requires_grad for p in network.parameters())
