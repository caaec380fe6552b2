"""Training in less memory: what the backward pass needs is computed again instead of kept."""

from __future__ import annotations

from functools import partial

from torch import nn
from torch.utils.checkpoint import checkpoint

from master_thesis.models.chn import RRDB
from master_thesis.models.dfpn import FlowEstimator, SeparableConv4d

RECOMPUTED = (RRDB, SeparableConv4d, FlowEstimator)
"""Parts whose inner activations take most of the memory; of each only the input is kept."""


def recompute_activations(network: nn.Module) -> None:
    """Lets the large parts of a network forget their activations until the backward pass, in place.

    Results and gradients stay the same; a training step takes longer, by up to one forward pass.
    """
    for module in network.modules():
        if isinstance(module, RECOMPUTED):
            module.forward = partial(checkpoint, module.forward, use_reentrant=False)  # type: ignore[method-assign]
