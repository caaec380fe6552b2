"""Modules that a network uses but does not train."""

from __future__ import annotations

from torch import nn


class Frozen(nn.Module):
    """A module without trainable parameters that stays in eval mode, whatever mode its owner is in.

    Gradients still flow through it to its input.
    """

    def train(self, mode: bool = True) -> Frozen:
        """Ignores ``mode``: a frozen module is always in eval mode."""
        return super().train(False)

    def freeze(self) -> Frozen:
        """Freezes the parameters; called at the end of ``__init__``."""
        self.requires_grad_(False)
        return self.train(False)
