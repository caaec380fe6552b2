"""The training of DFPN."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from master_thesis.configs.fields import resolved
from master_thesis.configs.training import OptimConfig
from master_thesis.losses.dfpn import dfpn_losses
from master_thesis.models.dfpn import DFPN
from master_thesis.records import Alignment, Clip, Losses
from master_thesis.training.alignment import alignment_quality
from master_thesis.training.base import NetworkTraining
from master_thesis.training.figures import alignment_figure


class DFPNTraining(NetworkTraining):
    """Trains DFPN.

    Args:
        sizes: keyword arguments of :class:`~master_thesis.models.dfpn.DFPN`.
        optim: options of Adam and StepLR.
    """

    network: DFPN
    kind = "dfpn"
    monitor = "epe_px"

    def __init__(self, sizes: Mapping[str, Any], optim: OptimConfig | Mapping[str, Any]) -> None:
        super().__init__(self.kind, sizes, optim)
        self.save_hyperparameters({"sizes": dict(sizes), "optim": resolved(self.optim)})

    def forward(self, clip: Clip) -> Any:
        """Predicts the flow of the masked frames of a batch."""
        target, refs = clip.split()
        return self.network(target.masked, refs.masked)

    def predict(self, clip: Clip) -> Alignment:
        """Aligns the masked references of a batch."""
        target, refs = clip.split()
        return self.network.align_encoded(*self.network.encode_clips(target.masked, refs.masked))

    def losses(self, clip: Clip) -> Losses:
        """Computes the losses of correlation, flow and alignment."""
        target, refs = clip.split()
        with torch.no_grad():
            true_correlation = self.network.correlate(target.unmasked, refs.unmasked)
        prediction = self.network(target.masked, refs.masked)
        movement = clip.movement[:, clip.ref_indices]
        return dfpn_losses(target, refs, prediction, true_correlation, movement, clip.is_simulated)

    def validation_step(self, clip: Clip, batch_idx: int) -> None:
        """Logs the losses of a batch and the quality of its alignment, and draws the first batch."""
        super().validation_step(clip, batch_idx)
        self.log_all("validation", alignment_quality(self.network, clip), clip)

    def figures(self, clip: Clip) -> Float[Tensor, "3 H W"]:
        """Draws masked frames, aligned references, their visibility, and the target filled by plain copying."""
        return alignment_figure(*clip.split(), self.network)
