"""Frozen helpers stay as they are, whatever their owner does, and let gradients through."""

import torch
from torch import nn

from master_thesis.models.frozen import Frozen


class Helper(Frozen):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(3, 3), nn.Dropout(), nn.BatchNorm1d(3))
        self.freeze()

    def forward(self, x):
        return self.layers(x)


class Owner(nn.Module):
    def __init__(self):
        super().__init__()
        self.helper = Helper()
        self.own = nn.Linear(3, 3)


def test_the_frozen_module_stays_in_eval_mode_while_its_owner_trains():
    owner = Owner().train()
    assert owner.training
    assert not any(module.training for module in owner.helper.modules())


def test_the_frozen_module_has_no_trainable_parameters():
    owner = Owner()
    trainable = {name for name, parameter in owner.named_parameters() if parameter.requires_grad}
    assert trainable == {"own.weight", "own.bias"}


def test_gradients_reach_the_input_alone():
    helper, x = Helper(), torch.rand(2, 3, requires_grad=True)
    helper(x).square().sum().backward()
    assert x.grad is not None
    assert x.grad.any()
    assert all(parameter.grad is None for parameter in helper.parameters())
