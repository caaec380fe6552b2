import pytest
import torch

from master_thesis.configs.training import OptimConfig
from master_thesis.training.chn import CHNTraining
from master_thesis.training.dfpn import DFPNTraining
from master_thesis.training.recompute import recompute_activations
from tests.factories import DFPN_SIZES, make_clip
from tests.oracles.aligners import StillCamera


def make_dfpn():
    return DFPNTraining(DFPN_SIZES | {"width": 16, "vgg_width": 4}, OptimConfig())


def make_chn():
    return CHNTraining({"width": 8, "growth": 4, "num_blocks": 4}, OptimConfig(), StillCamera())


def loss_kept_and_gradients(module):
    """The loss, the bytes that the forward pass keeps for the backward pass, and the gradients."""
    kept = {}

    def keep(tensor):
        kept[tensor.data_ptr()] = tensor.nbytes
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = module.losses(make_clip()).total
    num_bytes = sum(kept.values())
    loss.backward()
    return loss, num_bytes, [p.grad for p in module.network.parameters() if p.grad is not None]


@pytest.mark.parametrize("make", [make_dfpn, make_chn])
def test_gradients_stay_the_same_with_less_memory(make):
    torch.manual_seed(0)
    module = make()
    loss, num_bytes, gradients = loss_kept_and_gradients(module)
    module.network.zero_grad()
    recompute_activations(module.network)
    lean_loss, lean_bytes, lean_gradients = loss_kept_and_gradients(module)
    torch.testing.assert_close(lean_loss, loss)
    torch.testing.assert_close(lean_gradients, gradients)
    assert lean_bytes < 0.7 * num_bytes


def test_loss_stays_the_same_without_gradients():
    torch.manual_seed(0)
    module = make_chn()
    with torch.no_grad():
        expected = module.losses(make_clip()).total
        recompute_activations(module.network)
        assert torch.equal(module.losses(make_clip()).total, expected)
