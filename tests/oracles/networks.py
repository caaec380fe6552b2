"""DFPN's alignment as the thesis describes it: one pair at a time, nothing cached, nothing arranged for speed.

It uses the weights of a :class:`~master_thesis.models.dfpn.DFPN` in their precision. Tests compare the fast path with
it, and benchmarks time against it.
"""

import copy

import torch
import torch.nn.functional as F

from master_thesis.models.aligner import alignment_from_grid
from master_thesis.ops.image import normalise
from master_thesis.records import MaskedFrames


def plain(network):
    """Returns a copy of a network in float32 with contiguous tensors."""
    return copy.deepcopy(network).float().to(memory_format=torch.contiguous_format)


class PlainDFPN:
    """Aligns with the weights of a DFPN, pair by pair."""

    def __init__(self, network):
        self.network = network

    def align(self, x_target, m_target, x_refs, m_refs):
        grids = [
            torch.stack([
                self.grid(x_target[b : b + 1], m_target[b : b + 1], x_refs[b : b + 1, :, f], m_refs[b : b + 1, :, f])[0]
                for f in range(x_refs.shape[2])
            ])
            for b in range(len(x_target))
        ]  # fmt: skip
        return alignment_from_grid(torch.stack(grids), 1 - m_target, MaskedFrames(x_refs, 1 - m_refs))

    def grid(self, x_t, m_t, x_r, m_r):
        """Position of every target pixel in the reference, ``(1, H, W, 2)``."""
        n = self.network
        correlation = self.correlate(x_t, m_t, x_r, m_r)
        t = n.cells
        over_refs = n.conv4d.over_refs(correlation.reshape(t * t, 1, t, t))
        planes = over_refs.reshape(t * t, -1, t * t).permute(2, 1, 0).reshape(t * t, -1, t, t)
        filled = n.conv4d.over_target(planes).reshape(t * t, t * t).T
        grid = n.mixer.layers(filled.reshape(1, t * t, t, t))
        for estimator, size in ((n.estimator_64, n.size // 4), (n.estimator_256, n.size)):
            frames = [F.interpolate(normalise(x), (size, size), mode="bilinear") for x in (x_r, x_t)]
            masks = [F.interpolate(m, (size, size)) for m in (m_r, m_t)]
            coarse = F.interpolate(grid, (size, size), mode="bilinear")
            grid = estimator.layers(torch.cat((*frames, *masks, coarse), dim=1))
        return F.interpolate(grid, x_t.shape[-2:], mode="bilinear").permute(0, 2, 3, 1)

    def correlate(self, x_t, m_t, x_r, m_r):
        """Correlation of every target position with every reference position, ``(t * t, r * r)``."""
        rows = []
        for x, m in ((x_t, m_t), (x_r, m_r)):
            small = F.interpolate(x, (self.network.size,) * 2, mode="bilinear")
            features = self.network.vgg(normalise(small)) * F.interpolate(1 - m, (self.network.cells,) * 2)
            rows.append((features / (features.norm(dim=1, keepdim=True) + 1e-9)).flatten(2)[0].T)
        return rows[0] @ rows[1].T
