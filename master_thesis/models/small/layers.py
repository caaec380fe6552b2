"""Parts of the small preset's aligner: features, the affine fit, the finest corrections."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torchvision.models.optical_flow.raft import ResidualBlock

from master_thesis.ops.affine import apply_affine, fit_affine, unit_points, unit_to_grid
from master_thesis.ops.correlation import local_correlation
from master_thesis.ops.grid import inside, warp
from master_thesis.ops.push_pull import push_pull
from master_thesis.records import MaskedFrames

FinePlanes = tuple[Float[Tensor, "N C h w"], MaskedFrames]
"""Features of N frames at a quarter of the size, and the frames themselves."""

FINE_RADIUS = 2
"""Reach of the finest corrections, in positions of a quarter of the size."""


class Encoder(nn.Module):
    """Features of masked frames at a quarter and at an eighth of the size.

    Args:
        width: channels of the layers at a quarter; twice as many at an eighth.
        detail: channels of the features at a quarter.
    """

    def __init__(self, width: int, detail: int) -> None:
        super().__init__()
        norm = nn.InstanceNorm2d
        self.stem = nn.Conv2d(4, width // 2, 5, stride=2, padding=2)
        self.quarter = nn.Sequential(
            ResidualBlock(width // 2, width, norm_layer=norm, stride=2), ResidualBlock(width, width, norm_layer=norm)
        )
        self.eighth = nn.Sequential(
            ResidualBlock(width, 2 * width, norm_layer=norm, stride=2),
            ResidualBlock(2 * width, 2 * width, norm_layer=norm),
            nn.Conv2d(2 * width, 2 * width, 1),
        )
        self.detail = nn.Conv2d(width, detail, 1)

    def forward(self, x: Float[Tensor, "N 4 H W"]) -> tuple[Float[Tensor, "N C h4 w4"], Float[Tensor, "N D h w"]]:
        """Features of normalised frames with their masks."""
        quarter = self.quarter(F.relu(self.stem(x)))
        return self.detail(quarter), self.eighth(quarter)


class AffineFit(nn.Module):
    """One affine map per pair, fitted to mutual soft matches of pooled features."""

    TEMPERATURE = 0.05
    ROBUST_SCALE = 0.05  # residual, in the unit square, at which the weight of a match is halved

    def __init__(self) -> None:
        super().__init__()
        self.log_temperature = nn.Parameter(torch.tensor(self.TEMPERATURE).log())

    def forward(
        self, target: Float[Tensor, "N D h w"], v_target: Tensor, ref: Float[Tensor, "N D h w"], v_ref: Tensor
    ) -> Float[Tensor, "N 3 3"]:
        """Affine matrices in the unit square, target to reference."""
        a, va = _pool_visible(target.float(), v_target.float())
        b, vb = _pool_visible(ref.float(), v_ref.float())
        h, w = a.shape[-2:]
        similar = torch.einsum("nci,ncj->nij", F.normalize(a.flatten(2), dim=1), F.normalize(b.flatten(2), dim=1))
        visible = va.flatten(2).mT * vb.flatten(2)
        logits = similar / self.log_temperature.exp() + visible.clamp(min=1e-6).log()
        forward = logits.softmax(dim=2)
        mutual = forward * logits.softmax(dim=1)
        points = unit_points(h, w).to(a)[..., :2].reshape(1, h * w, 2).expand(a.shape[0], -1, -1)
        images = forward @ points
        weights = mutual.sum(dim=2) * va.flatten(1)
        matrix = fit_affine(points, images, weights)
        residual = (apply_affine(matrix, points) - images).norm(dim=-1)
        return fit_affine(points, images, weights / (1 + (residual / self.ROBUST_SCALE) ** 2))


def _pool_visible(features: Tensor, visible: Tensor) -> tuple[Tensor, Tensor]:
    """Mean of the visible features of 2 x 2 cells, and the visible share of each cell."""
    share = F.avg_pool2d(visible, 2)
    return F.avg_pool2d(features * visible, 2) / (share + 1e-6), share


class FineHead(nn.Module):
    """Corrects the flow at a quarter of the size and estimates how far to trust it.

    Args:
        detail: channels of the features that are compared.
        hidden: channels of the recurrent state.
    """

    NUM_CUES = 2 + 2 + 2  # flow, visibilities, residual on known pixels and its continuation into holes

    def __init__(self, detail: int, hidden: int) -> None:
        super().__init__()
        width = 3 * detail
        num_inputs = 2 * detail + (2 * FINE_RADIUS + 1) ** 2 + self.NUM_CUES
        self.state = nn.Conv2d(hidden, detail, 1)
        self.body = nn.Sequential(
            nn.Conv2d(num_inputs, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=2, dilation=2),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(),
        )
        self.flow = nn.Conv2d(width, 2, 3, padding=1)
        self.trust = nn.Conv2d(width, 1, 3, padding=1)

    def forward(
        self, state: Tensor, target: FinePlanes, ref: FinePlanes, flow: Float[Tensor, "N 2 h w"]
    ) -> tuple[Float[Tensor, "N 2 h w"], Float[Tensor, "N 1 h w"]]:
        """The corrected flow, and the logit of the confidence in it.

        Args:
            state: recurrent state, enlarged to a quarter of the size.
            target: the target's planes.
            ref: the reference's planes, not yet warped.
            flow: the flow to correct.
        """
        (features_t, frames_t), (features_r, frames_r) = target, ref
        joined = torch.cat((features_r.float(), frames_r.colours, frames_r.visible), dim=1)
        warped = warp_by_flow(joined, flow)[0]
        features, colours, visible = torch.split(warped, [warped.shape[1] - 4, 3, 1], dim=1)
        dtype = features_t.dtype
        similar = local_correlation(features_t, features.to(dtype), FINE_RADIUS)
        both = frames_t.visible * visible
        residual = (colours - frames_t.colours).abs().mean(dim=1, keepdim=True) * both
        cues = (flow * 8, frames_t.visible, visible, residual * 8, push_pull(residual, both) * 8)
        x = self.body(torch.cat((self.state(state), features_t, similar, *(c.to(dtype) for c in cues)), dim=1))
        return flow + px_to_unit(self.flow(x).float()), self.trust(x).float()


def flow_to_grid(flow: Float[Tensor, "N 2 h w"], height: int, width: int) -> Float[Tensor, "N H W 2"]:
    """A flow in the unit square, bilinearly resized, as a sampling grid."""
    # Displacements are resized, not positions, which would bend towards the edges of the frame.
    if flow.shape[-2:] != (height, width):
        flow = F.interpolate(flow, (height, width), mode="bilinear", align_corners=False)
    return unit_to_grid(unit_points(height, width).to(flow)[..., :2] + rearrange(flow, "n xy h w -> n h w xy"))


def px_to_unit(delta_px: Float[Tensor, "N 2 h w"]) -> Float[Tensor, "N 2 h w"]:
    """Converts displacements in pixels of their own resolution to the unit square."""
    h, w = delta_px.shape[-2:]
    return delta_px / torch.tensor([w, h]).to(delta_px).view(1, 2, 1, 1)


def warp_by_flow(
    planes: Float[Tensor, "N C H W"], flow: Float[Tensor, "N 2 h w"]
) -> tuple[Float[Tensor, "N C H W"], Bool[Tensor, "N 1 H W"]]:
    """Samples references along a flow, resized to their size, and tells where it leads inside them.

    Args:
        planes: what is sampled.
        flow: displacements in the unit square.
    """
    grid = flow_to_grid(flow, *planes.shape[-2:]).unsqueeze(1)
    return warp(planes.unsqueeze(2), grid)[:, :, 0], inside(grid)[:, :, 0]


def warp_inside(planes: Float[Tensor, "N C H W"], flow: Float[Tensor, "N 2 h w"]) -> Float[Tensor, "N C H W"]:
    """Samples references along a flow; exactly 0 wherever it leads outside them."""
    warped, is_inside = warp_by_flow(planes, flow)
    return warped * is_inside
