"""Helpers that a network uses but does not train."""

from __future__ import annotations

from torch import nn


class Frozen(nn.Module):
    """A module without trainable parameters that stays in eval mode, whatever its owner does.

    Gradients still flow through it to its input.
    """

    def train(self, mode: bool = True) -> Frozen:
        """Ignores ``mode``: a frozen module always evaluates."""
        return super().train(False)

    def freeze(self) -> Frozen:
        """Freezes the parameters; to be called at the end of ``__init__``."""
        self.requires_grad_(False)
        return self.train(False)
