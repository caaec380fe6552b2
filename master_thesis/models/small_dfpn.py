"""The small preset's aligner: one affine map for the whole frame, then dense refinement, then how far to trust it.

It answers the same question as DFPN at a small share of its cost. Instead of VGG16 it learns its own features; instead
of filling the correlation it fits one affine map to the matches that masks leave (a camera moves the whole frame, so
the map continues into the hole) and lets a recurrent unit correct it locally. Ordered like the data flows: features,
fit, recurrent refinement at an eighth of the size, then at a quarter, confidence.

Source: the recurrent part is RAFT's (Teed and Deng, 2020), built from torchvision's blocks.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from jaxtyping import Float
from torch import Tensor, nn
from torchvision.models.optical_flow.raft import (
    CorrBlock,
    FlowHead,
    MotionEncoder,
    RecurrentBlock,
    ResidualBlock,
    UpdateBlock,
)

from master_thesis.clip import Alignment
from master_thesis.models.aligner import trusted_alignment
from master_thesis.ops.affine import affine_flow, apply_affine, fit_affine, unit_points, unit_to_grid
from master_thesis.ops.correlation import local_correlation
from master_thesis.ops.grid import warp
from master_thesis.ops.homography import fit_homography
from master_thesis.ops.image import normalise, resize, resize_mask
from master_thesis.ops.precision import full_precision
from master_thesis.ops.pyramid import fill_smoothly

CORR_LEVELS, CORR_RADIUS = 3, 3
FINE_RADIUS, NUM_FINE = 2, 2
NUM_TEST_ITERATIONS = 2  # what training gains from later ones, testing does not
SNAP = 0.012
"""Distance, in the unit square, at which a flow counts half as the homography's and half as its own (3 px of 256)."""
TRUST_THRESHOLD = 0.65
"""Aligned pixels that are trusted less are not copied: on validation clips, a smooth fill comes closer than they do."""
COMPLETE_TRUST_THRESHOLD = 0.6
"""The same for references without any hole: in doubt, what a finished neighbour shows keeps a video steady."""


@dataclass(frozen=True)
class SmallFlow:
    """What the small aligner predicts for N pairs; flows are displacements in the unit square.

    Attributes:
        steps: the flow after the affine fit and after every refinement, at an eighth and then at a quarter of the size.
        trust: logit of the confidence, at a quarter of the size.
    """

    steps: list[Float[Tensor, "N 2 _ _"]]
    trust: Float[Tensor, "N 1 h4 w4"]

    @property
    def flow(self) -> Float[Tensor, "N 2 h4 w4"]:
        """The finest flow."""
        return self.steps[-1]


class Encoder(nn.Module):
    """Features of masked frames at a quarter and at an eighth of the size.

    Args:
        width: channels of the layers at a quarter; twice as many at an eighth.
        detail: channels that are handed on at a quarter.
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
    ROBUST_SCALE = 0.05  # residual, in the unit square, at which a match counts half

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
    """Mean of visible features over 2 x 2 cells, and how much of each cell is visible."""
    share = F.avg_pool2d(visible, 2)
    return F.avg_pool2d(features * visible, 2) / (share + 1e-6), share


class FineHead(nn.Module):
    """Corrects the flow at a quarter of the size and says how far to trust it.

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
        self, state: Tensor, target: Planes, ref: Planes, flow: Float[Tensor, "N 2 h w"]
    ) -> tuple[Float[Tensor, "N 2 h w"], Float[Tensor, "N 1 h w"]]:
        """The corrected flow, and the logit of the confidence.

        Args:
            state: recurrent state, enlarged to a quarter of the size.
            target: the target's planes.
            ref: the reference's planes, where they are.
            flow: where to look for them.
        """
        dtype = target.features.dtype
        seen = Planes.split(_look(ref.joined(), flow))
        similar = local_correlation(target.features, seen.features.to(dtype), FINE_RADIUS)
        both = target.visible * seen.visible
        residual = (seen.colours - target.colours).abs().mean(dim=1, keepdim=True) * both
        cues = (flow * 8, target.visible, seen.visible, residual * 8, fill_smoothly(residual, both) * 8)
        x = self.body(torch.cat((self.state(state), target.features, similar, *(c.to(dtype) for c in cues)), dim=1))
        return flow + _px_to_unit(self.flow(x).float()), self.trust(x).float()


@dataclass(frozen=True)
class Planes:
    """What is known of N frames at a quarter of the size."""

    features: Float[Tensor, "N C h w"]
    colours: Float[Tensor, "N 3 h w"]
    visible: Float[Tensor, "N 1 h w"]

    def joined(self) -> Float[Tensor, "N D h w"]:
        """All planes as one tensor, to be sampled together."""
        return torch.cat((self.features.float(), self.colours, self.visible), dim=1)

    @staticmethod
    def split(joined: Float[Tensor, "N D h w"]) -> Planes:
        """The reverse of :meth:`joined`."""
        return Planes(*torch.split(joined, [joined.shape[1] - 4, 3, 1], dim=1))


class SmallDFPN(nn.Module):
    """The small preset's aligner.

    Args:
        size: working height and width, multiples of 16.
        width: channels of the encoder at a quarter of the size.
        detail: channels of the features that are compared there.
        hidden: channels of the recurrent state.
        num_iterations: refinements at an eighth of the size.
    """

    def __init__(
        self,
        size: tuple[int, int] = (256, 256),
        width: int = 40,
        detail: int = 16,
        hidden: int = 64,
        num_iterations: int = 4,
    ) -> None:
        super().__init__()
        self.size = (int(size[0]), int(size[1]))
        self.num_iterations = num_iterations
        self.encoder = Encoder(width, detail)
        self.context = nn.Conv2d(2 * width, 2 * hidden, 1)
        self.fit = AffineFit()
        motion = MotionEncoder(
            in_channels_corr=CORR_LEVELS * (2 * CORR_RADIUS + 1) ** 2,
            corr_layers=(64,),
            flow_layers=(32, 16),
            out_channels=48,
        )
        recurrent = RecurrentBlock(input_size=48 + hidden, hidden_size=hidden, kernel_size=(3,), padding=(1,))
        self.update = UpdateBlock(
            motion_encoder=motion, recurrent_block=recurrent, flow_head=FlowHead(in_channels=hidden, hidden_size=64)
        )
        self.hidden = hidden
        self.fine = FineHead(detail, hidden)

    def forward(
        self,
        x_target: Float[Tensor, "B 3 H W"],
        m_target: Float[Tensor, "B 1 H W"],
        x_refs: Float[Tensor, "B 3 F H W"],
        m_refs: Float[Tensor, "B 1 F H W"],
    ) -> SmallFlow:
        """Flows of every (target, reference) pair; pairs are folded as ``(b f)``."""
        f = x_refs.shape[2]
        frames = resize(torch.cat((x_target.unsqueeze(2), x_refs), dim=2), *self.size)
        masks = resize_mask(torch.cat((m_target.unsqueeze(2), m_refs), dim=2), *self.size)
        b = frames.shape[0]
        inputs = torch.cat((normalise(frames), masks), dim=1)
        quarter, eighth = self.encoder(rearrange(inputs, "b c f h w -> (b f) c h w"))
        planes = (quarter, *_quarter_planes(frames, masks))
        target, ref = (Planes(*side) for side in zip(*(_split(plane, b, f) for plane in planes), strict=True))
        e_t, e_r = _split(eighth, b, f)
        steps, state = self._refine(e_t, F.avg_pool2d(target.visible, 2), e_r, F.avg_pool2d(ref.visible, 2))
        size = target.colours.shape[-2:]
        state = F.interpolate(state, size, mode="bilinear", align_corners=False)
        flow = F.interpolate(steps[-1], size, mode="bilinear", align_corners=False)
        for _ in range(NUM_FINE):
            flow, trust = self.fine(state, target, ref, flow.detach())
            steps.append(flow)
        return SmallFlow(steps, trust) if self.training else self._steady(steps, trust, state, target, ref)

    def _steady(self, steps: list[Tensor], trust: Tensor, state: Tensor, target: Planes, ref: Planes) -> SmallFlow:
        """Where the flow agrees with one homography of the whole frame, that is what the camera did: less noise."""
        fitted, distance = fit_homography(steps[-1], trust.sigmoid(), SNAP)
        share = 1 / (1 + (distance / SNAP) ** 4)
        flow = share * fitted + (1 - share) * steps[-1]
        _, trust = self.fine(state, target, ref, flow)
        return SmallFlow([*steps, flow], trust)

    def _refine(self, e_t: Tensor, v_t: Tensor, e_r: Tensor, v_r: Tensor) -> tuple[list[Tensor], Tensor]:
        h, w = e_t.shape[-2:]
        with full_precision(v_t.device):
            movement = self.fit(e_t, v_t, e_r, v_r)
        steps = [rearrange(affine_flow(movement, h, w), "n h w xy -> n xy h w")]
        state, context = torch.split(self.context(e_t), [self.hidden, self.hidden], dim=1)
        state, context = state.tanh(), context.relu()
        matcher = CorrBlock(num_levels=CORR_LEVELS, radius=CORR_RADIUS)
        with full_precision(v_t.device):
            matcher.build_pyramid(e_t.float() * v_t, e_r.float() * v_r)
        size = torch.tensor([w, h]).to(v_t).view(1, 2, 1, 1)
        own = rearrange(unit_points(h, w).to(v_t)[..., :2], "h w xy -> 1 xy h w")
        for _ in range(self.num_iterations if self.training else min(self.num_iterations, NUM_TEST_ITERATIONS)):
            flow = steps[-1].detach()
            with full_precision(v_t.device):
                similar = matcher.index_pyramid((own + flow) * size - 0.5)
            state, delta_px = self.update(state, context, similar, flow * size)
            steps.append(flow + _px_to_unit(delta_px.float()))
        return steps, state

    def align(
        self,
        x_target: Float[Tensor, "B 3 H W"],
        m_target: Float[Tensor, "B 1 H W"],
        x_refs: Float[Tensor, "B 3 F H W"],
        m_refs: Float[Tensor, "B 1 F H W"],
    ) -> Alignment:
        """Brings every reference onto the target: see :class:`~master_thesis.models.aligner.Aligner`.

        Convention:
            What is trusted less than ``TRUST_THRESHOLD`` counts as not visible, so it is not copied.
        """
        b, (h, w) = x_refs.shape[0], x_refs.shape[-2:]
        predicted = self(x_target, m_target, x_refs, m_refs)
        grid = rearrange(flow_to_grid(predicted.flow, h, w), "(b f) h w xy -> b f h w xy", b=b)
        trust = F.interpolate(predicted.trust, (h, w), mode="bilinear", align_corners=False).sigmoid()
        confidence = rearrange(trust, "(b f) 1 h w -> b 1 f h w", b=b)
        has_hole = m_refs.amax(dim=(1, 3, 4), keepdim=True) > 0
        threshold = torch.where(has_hole, TRUST_THRESHOLD, COMPLETE_TRUST_THRESHOLD)
        return trusted_alignment(grid, confidence, threshold, m_target, x_refs, m_refs)


def flow_to_grid(flow: Float[Tensor, "N 2 h w"], height: int, width: int) -> Float[Tensor, "N H W 2"]:
    """A flow in the unit square, bilinearly resized, as a sampling grid."""
    # Displacements are resized, not positions: these would bend towards the frame's edges.
    if flow.shape[-2:] != (height, width):
        flow = F.interpolate(flow, (height, width), mode="bilinear", align_corners=False)
    return unit_to_grid(unit_points(height, width).to(flow)[..., :2] + rearrange(flow, "n xy h w -> n h w xy"))


def _px_to_unit(delta_px: Float[Tensor, "N 2 h w"]) -> Float[Tensor, "N 2 h w"]:
    h, w = delta_px.shape[-2:]
    return delta_px / torch.tensor([w, h]).to(delta_px).view(1, 2, 1, 1)


def _look(planes: Float[Tensor, "N C h w"], flow: Float[Tensor, "N 2 h w"]) -> Float[Tensor, "N C h w"]:
    """The reference's planes where the flow points to."""
    grid = flow_to_grid(flow, *flow.shape[-2:])
    return warp(planes.unsqueeze(2), grid.unsqueeze(1))[:, :, 0]


def _quarter_planes(frames: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
    """Frames and visibility averaged over 4 x 4 pixels."""
    fold = "b c f h w -> (b f) c h w"
    return F.avg_pool2d(rearrange(frames, fold), 4), F.avg_pool2d(1 - rearrange(masks, fold), 4)


def _split(planes: Float[Tensor, "M C h w"], b: int, f: int) -> tuple[Tensor, Tensor]:
    """Planes of target (repeated) and references, one row per pair."""
    unfolded = rearrange(planes, "(b f) c h w -> b f c h w", b=b)
    target = repeat(unfolded[:, 0], "b c h w -> (b f) c h w", f=f)
    return target, rearrange(unfolded[:, 1:], "b f c h w -> (b f) c h w")
