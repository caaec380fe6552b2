"""The small preset's aligner: one movement for the whole frame, then dense refinement, then which to copy by, if any.

It answers the same question as DFPN at a small share of its cost. Instead of VGG16 it learns its own features; instead
of filling the correlation it finds the camera's homography (a camera moves the whole frame, so it continues into the
hole) and lets a recurrent unit correct it locally. Ordered like the data flows: features, camera, recurrent refinement
at an eighth of the size, then at a quarter, choice.

Source: the recurrent part is RAFT's (Teed and Deng, 2020), built from torchvision's blocks.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn
from torchvision.models.optical_flow.raft import (
    CorrBlock,
    FlowHead,
    MotionEncoder,
    RecurrentBlock,
    UpdateBlock,
)

from master_thesis.models.aligner import EncodingAligner, encode_all, trusted_alignment
from master_thesis.models.small.camera import Shown, camera_motion
from master_thesis.models.small.choice import ChoiceHead
from master_thesis.models.small.layers import AffineFit, Encoder, FineHead, Planes, flow_to_grid, px_to_unit
from master_thesis.ops.affine import affine_flow, unit_points
from master_thesis.ops.homography import homography_flow
from master_thesis.ops.image import normalise, resize, resize_mask
from master_thesis.ops.precision import full_precision
from master_thesis.records import Alignment

CORR_LEVELS, CORR_RADIUS = 3, 3
NUM_FINE = 2  # corrections at a quarter of the size
TRUST_THRESHOLD = 0.75
"""Aligned pixels that are trusted less are not copied; at 0.5 the fill is as good, but other frames may be better."""
COMPLETE_TRUST_THRESHOLD = 0.85
"""The same for references without any hole: what these show may be a copy of a copy, or made up."""


@dataclass(frozen=True)
class SmallFlow:
    """What the small aligner predicts for N pairs; flows are displacements in the unit square.

    Attributes:
        steps: the learned affine fit, then the flow after every refinement, at an eighth and at a quarter of the size.
        trust: logit of the confidence in the last of them.
        camera: homographies of the whole frame (convention: :mod:`master_thesis.ops.homography`).
        costs: logarithms of the squared differences to expect: copied by ``camera``, by ``flow``, not copied.
    """

    steps: list[Float[Tensor, "N 2 _ _"]]
    trust: Float[Tensor, "N 1 h4 w4"]
    camera: Float[Tensor, "N 3 3"]
    costs: Float[Tensor, "N 3 h4 w4"]

    @property
    def flow(self) -> Float[Tensor, "N 2 h4 w4"]:
        """The finest flow."""
        return self.steps[-1]

    @property
    def turned(self) -> Float[Tensor, "N 2 h4 w4"]:
        """The flow of the camera alone, at the same size."""
        return homography_flow(self.camera, *self.flow.shape[-2:])


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
        self.choice = ChoiceHead()

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
        full = _pairs(x_target, m_target, x_refs, m_refs)
        target, ref = (side.resized(*self.size) for side in full)
        halves, quarters = (target.pooled(2), ref.pooled(2)), (target.pooled(4), ref.pooled(4))
        (d_t, e_t), (d_r, e_r) = (self._unfold(codes) for codes in _pair_up(code_target, code_refs))
        planes = tuple(Planes(d, s.colours, s.visible) for d, s in zip((d_t, d_r), quarters, strict=True))
        v_t, v_r = (F.avg_pool2d(side.visible, 2) for side in quarters)
        with full_precision(v_t.device):
            affine = self.fit(e_t, v_t, e_r, v_r)
        camera = camera_motion(affine, halves, full)
        first = rearrange(affine_flow(affine, *e_t.shape[-2:]), "n h w xy -> n xy h w")
        steps, state = self._refine(homography_flow(camera, *e_t.shape[-2:]), e_t, v_t, e_r, v_r)
        size = d_t.shape[-2:]
        state = F.interpolate(state, size, mode="bilinear", align_corners=False)
        flow = F.interpolate(steps[-1], size, mode="bilinear", align_corners=False)
        for _ in range(NUM_FINE):
            flow, trust = self.fine(state, *planes, flow.detach())
            steps.append(flow)
        with torch.no_grad():
            turned = homography_flow(camera, *size)
            _, turned_trust = self.fine(state, *planes, turned)
        with full_precision(v_t.device):
            costs = self.choice(*halves, (turned, flow.detach()), (turned_trust, trust.detach()))
        return SmallFlow([first, *steps], trust, camera, costs)

    def _unfold(self, codes: Float[Tensor, "M D"]) -> tuple[Float[Tensor, "M C h4 w4"], Float[Tensor, "M E h8 w8"]]:
        """What ``encode`` has put side by side."""
        h, w = self.size[0] // 4, self.size[1] // 4
        num_quarter = self.encoder.detail.out_channels * h * w
        quarter, eighth = codes[:, :num_quarter], codes[:, num_quarter:]
        return quarter.unflatten(1, (-1, h, w)), eighth.unflatten(1, (-1, h // 2, w // 2))

    def _refine(self, flow: Tensor, e_t: Tensor, v_t: Tensor, e_r: Tensor, v_r: Tensor) -> tuple[list[Tensor], Tensor]:
        h, w = e_t.shape[-2:]
        steps = [flow]
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
        return steps[1:], state

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
        costs = F.interpolate(predicted.costs, (h, w), mode="bilinear", align_corners=False)
        by_camera, by_flow, uncopied = costs.split(1, dim=1)
        flow = F.interpolate(predicted.flow, (h, w), mode="bilinear", align_corners=False)
        flow = torch.where(by_camera <= by_flow, homography_flow(predicted.camera, h, w), flow)
        grid = rearrange(flow_to_grid(flow, h, w), "(b f) h w xy -> b f h w xy", b=b)
        trust = (uncopied - torch.minimum(by_camera, by_flow)).sigmoid()
        confidence = rearrange(trust, "(b f) 1 h w -> b 1 f h w", b=b)
        has_hole = m_refs.amax(dim=(1, 3, 4), keepdim=True) > 0
        threshold = torch.where(has_hole, TRUST_THRESHOLD, COMPLETE_TRUST_THRESHOLD)
        return trusted_alignment(grid, confidence, threshold, m_target, x_refs, m_refs)


def _pairs(x_target: Tensor, m_target: Tensor, x_refs: Tensor, m_refs: Tensor) -> tuple[Shown, Shown]:
    """Targets (repeated) and references, one row per pair, folded as ``(b f)``."""
    fold = "b c f h w -> (b f) c h w"
    f = x_refs.shape[2]
    target = Shown(x_target.repeat_interleave(f, dim=0), 1 - m_target.repeat_interleave(f, dim=0))
    return target, Shown(rearrange(x_refs, fold), 1 - rearrange(m_refs, fold))


def _pair_up(code_target: Float[Tensor, "B D"], code_refs: Float[Tensor, "B F D"]) -> tuple[Tensor, Tensor]:
    """Codes in the same rows."""
    return code_target.repeat_interleave(code_refs.shape[1], dim=0), code_refs.flatten(0, 1)
