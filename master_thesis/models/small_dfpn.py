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
    UpdateBlock,
)

from master_thesis.clip import Alignment
from master_thesis.models.aligner import EncodingAligner, encode_all, trusted_alignment
from master_thesis.models.small_layers import AffineFit, Encoder, FineHead, Planes, flow_to_grid, px_to_unit
from master_thesis.ops.affine import affine_flow, unit_points
from master_thesis.ops.homography import fit_homography, homography_flow
from master_thesis.ops.image import normalise, resize, resize_mask
from master_thesis.ops.lucas_kanade import refine_homography
from master_thesis.ops.precision import full_precision

CORR_LEVELS, CORR_RADIUS = 3, 3
NUM_FINE = 2  # corrections at a quarter of the size
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


class SmallDFPN(nn.Module, EncodingAligner):
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

    def encode(self, x: Float[Tensor, "N 3 H W"], m: Float[Tensor, "N 1 H W"]) -> Float[Tensor, "N D"]:
        """Features of masked frames at a quarter and at an eighth of the size, side by side in one row per frame.

        See :class:`~master_thesis.models.aligner.EncodingAligner`.
        """
        frames, masks = resize(x.unsqueeze(2), *self.size), resize_mask(m.unsqueeze(2), *self.size)
        planes = self.encoder(torch.cat((normalise(frames), masks), dim=1)[:, :, 0])
        return torch.cat([plane.flatten(1) for plane in planes], dim=1)

    def forward(
        self,
        x_target: Float[Tensor, "B 3 H W"],
        m_target: Float[Tensor, "B 1 H W"],
        x_refs: Float[Tensor, "B 3 F H W"],
        m_refs: Float[Tensor, "B 1 F H W"],
    ) -> SmallFlow:
        """Flows of every (target, reference) pair; pairs are folded as ``(b f)``."""
        codes = encode_all(self, x_target, m_target, x_refs, m_refs)
        return self.predict(x_target, m_target, x_refs, m_refs, *codes)

    def predict(
        self,
        x_target: Float[Tensor, "B 3 H W"],
        m_target: Float[Tensor, "B 1 H W"],
        x_refs: Float[Tensor, "B 3 F H W"],
        m_refs: Float[Tensor, "B 1 F H W"],
        code_target: Float[Tensor, "B D"],
        code_refs: Float[Tensor, "B F D"],
    ) -> SmallFlow:
        """The same from frames that are encoded already."""
        f = x_refs.shape[2]
        frames = resize(torch.cat((x_target.unsqueeze(2), x_refs), dim=2), *self.size)
        masks = resize_mask(torch.cat((m_target.unsqueeze(2), m_refs), dim=2), *self.size)
        b = frames.shape[0]
        quarter, eighth = self._unfold(torch.cat((code_target.unsqueeze(1), code_refs), dim=1).flatten(0, 1))
        planes = (quarter, *_planes(frames, masks, 4))
        target, ref = (Planes(*side) for side in zip(*(_split(plane, b, f) for plane in planes), strict=True))
        e_t, e_r = _split(eighth, b, f)
        steps, state = self._refine(e_t, F.avg_pool2d(target.visible, 2), e_r, F.avg_pool2d(ref.visible, 2))
        size = target.colours.shape[-2:]
        state = F.interpolate(state, size, mode="bilinear", align_corners=False)
        flow = F.interpolate(steps[-1], size, mode="bilinear", align_corners=False)
        for _ in range(NUM_FINE):
            flow, trust = self.fine(state, target, ref, flow.detach())
            steps.append(flow)
        if self.training:
            return SmallFlow(steps, trust)
        flow = _steady(flow, trust, *(_split(plane, b, f) for plane in _planes(frames, masks, 2)))
        _, trust = self.fine(state, target, ref, flow)
        return SmallFlow([*steps, flow], trust)

    def _unfold(self, codes: Float[Tensor, "M D"]) -> tuple[Float[Tensor, "M C h4 w4"], Float[Tensor, "M E h8 w8"]]:
        """What ``encode`` has put side by side."""
        h, w = self.size[0] // 4, self.size[1] // 4
        num_quarter = self.encoder.detail.out_channels * h * w
        quarter, eighth = codes[:, :num_quarter], codes[:, num_quarter:]
        return quarter.unflatten(1, (-1, h, w)), eighth.unflatten(1, (-1, h // 2, w // 2))

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
        for _ in range(self.num_iterations):
            flow = steps[-1].detach()
            with full_precision(v_t.device):
                similar = matcher.index_pyramid((own + flow) * size - 0.5)
            state, delta_px = self.update(state, context, similar, flow * size)
            steps.append(flow + px_to_unit(delta_px.float()))
        return steps, state

    def align_encoded(
        self,
        x_target: Float[Tensor, "B 3 H W"],
        m_target: Float[Tensor, "B 1 H W"],
        x_refs: Float[Tensor, "B 3 F H W"],
        m_refs: Float[Tensor, "B 1 F H W"],
        code_target: Float[Tensor, "B D"],
        code_refs: Float[Tensor, "B F D"],
    ) -> Alignment:
        """Brings every reference onto the target: see :class:`~master_thesis.models.aligner.EncodingAligner`.

        Convention:
            What is trusted less than ``TRUST_THRESHOLD`` counts as not visible, so it is not copied.
        """
        b, (h, w) = x_refs.shape[0], x_refs.shape[-2:]
        predicted = self.predict(x_target, m_target, x_refs, m_refs, code_target, code_refs)
        grid = rearrange(flow_to_grid(predicted.flow, h, w), "(b f) h w xy -> b f h w xy", b=b)
        trust = F.interpolate(predicted.trust, (h, w), mode="bilinear", align_corners=False).sigmoid()
        confidence = rearrange(trust, "(b f) 1 h w -> b 1 f h w", b=b)
        has_hole = m_refs.amax(dim=(1, 3, 4), keepdim=True) > 0
        threshold = torch.where(has_hole, TRUST_THRESHOLD, COMPLETE_TRUST_THRESHOLD)
        return trusted_alignment(grid, confidence, threshold, m_target, x_refs, m_refs)


def _steady(
    flow: Float[Tensor, "N 2 h w"],
    trust: Float[Tensor, "N 1 h w"],
    frames: tuple[Tensor, Tensor],
    visible: tuple[Tensor, Tensor],
) -> Float[Tensor, "N 2 h w"]:
    """Where the flow agrees with one homography of the whole frame, that is what the camera did.

    The homography is then found to a fraction of a pixel: a network's flow is noise beside it.

    Args:
        flow: the network's.
        trust: logit of the confidence in it.
        frames: targets and references.
        visible: where both are known.
    """
    matrix = fit_homography(flow, trust.sigmoid(), SNAP)
    matrix = refine_homography(matrix, frames[0], visible[0], frames[1], visible[1])
    fitted = homography_flow(matrix, *flow.shape[-2:])
    share = 1 / (1 + ((fitted - flow).norm(dim=1, keepdim=True) / SNAP) ** 4)
    return share * fitted + (1 - share) * flow


def _planes(frames: Tensor, masks: Tensor, step: int) -> tuple[Tensor, Tensor]:
    """Frames and visibility averaged over squares of ``step`` pixels."""
    fold = "b c f h w -> (b f) c h w"
    return F.avg_pool2d(rearrange(frames, fold), step), F.avg_pool2d(1 - rearrange(masks, fold), step)


def _split(planes: Float[Tensor, "M C h w"], b: int, f: int) -> tuple[Tensor, Tensor]:
    """Planes of target (repeated) and references, one row per pair."""
    unfolded = rearrange(planes, "(b f) c h w -> b f c h w", b=b)
    target = repeat(unfolded[:, 0], "b c h w -> (b f) c h w", f=f)
    return target, rearrange(unfolded[:, 1:], "b f c h w -> (b f) c h w")
