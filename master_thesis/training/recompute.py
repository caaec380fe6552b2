"""Training with less memory: activations are recomputed in the backward pass."""

from __future__ import annotations

from functools import partial

from torch import nn
from torch.utils.checkpoint import checkpoint

from master_thesis.models.chn import RRDB
from master_thesis.models.dfpn import FlowEstimator, SeparableConv4d

RECOMPUTED = (RRDB, SeparableConv4d, FlowEstimator)
"""Modules whose activations take most of the memory; only their inputs are kept."""


def recompute_activations(network: nn.Module) -> None:
    """Makes the large parts of a network recompute their activations in the backward pass, in place.

    Results and gradients stay the same; a training step takes longer, by up to one forward pass.
    """
    for module in network.modules():
        if isinstance(module, RECOMPUTED):
            module.forward = partial(checkpoint, module.forward, use_reentrant=False)  # type: ignore[method-assign]
