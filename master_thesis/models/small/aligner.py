"""The small preset's aligner: one movement of the entire frame, dense refinement, then the choice which to copy by.

It does DFPN's job at a small share of its cost. Instead of VGG16 it learns its own features; instead of filling the
correlation it finds the camera's homography, which continues into the hole, and a recurrent unit corrects it locally.
Ordered like the data flows: features, camera, recurrent refinement at an eighth of the size, then at a quarter, choice.

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

from master_thesis.models.aligner import Aligner, Encoded, trusted_alignment
from master_thesis.models.small.camera import CameraViews, GreyFrames, camera_motion
from master_thesis.models.small.choice import ChoiceHead
from master_thesis.models.small.layers import AffineFit, Encoder, FineHead, flow_to_grid, px_to_unit
from master_thesis.ops.affine import affine_flow, unit_points
from master_thesis.ops.homography import centred, homography_flow
from master_thesis.ops.image import normalise
from master_thesis.ops.precision import full_precision
from master_thesis.records import Alignment, MaskedFrames

CORR_LEVELS, CORR_RADIUS = 3, 3
NUM_FINE = 2  # corrections at a quarter of the size
TRUST_THRESHOLD = 0.75
"""Aligned pixels trusted less are not copied; at 0.5 the fill is as good, but other frames may be better."""
COMPLETE_TRUST_THRESHOLD = 0.85
"""The same for references without a hole, which may show copies of copies, or hallucinated pixels."""


@dataclass(frozen=True)
class SmallFlow:
    """Prediction of the small aligner for N pairs; flows are displacements in the unit square.

    Attributes:
        steps: the learned affine fit, then the flow after every refinement, at an eighth and at a quarter of the size.
        trust: logit of the confidence in the last of them.
        camera: homographies of entire frames (convention: :mod:`master_thesis.ops.homography`).
        costs: logarithms of the expected squared differences: copied by ``camera``, by ``flow``, not copied.
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
    def camera_flow(self) -> Float[Tensor, "N 2 h4 w4"]:
        """The flow of the camera alone, at the same size."""
        return homography_flow(self.camera, *self.flow.shape[-2:])


class SmallDFPN(Aligner, nn.Module):
    """The small preset's aligner.

    Args:
        size: working height and width, multiples of 16; one number: both.
        width: channels of the encoder at a quarter of the size.
        detail: channels of the features that are compared there.
        hidden: channels of the recurrent state.
        num_iterations: refinements at an eighth of the size.
        start: where look-ups start: at the movement of the ``camera``, or at the learned ``affine`` fit, which then
            stands for the camera. The latter leaves more to correct, so the look-ups learn from it.
    """

    def __init__(
        self,
        size: tuple[int, int] | int = (256, 256),
        width: int = 40,
        detail: int = 16,
        hidden: int = 64,
        num_iterations: int = 4,
        start: str = "camera",
    ) -> None:
        super().__init__()
        self.size = (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))
        self.num_iterations, self.start = num_iterations, start
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

    def encode(self, frames: MaskedFrames) -> Encoded:
        """Computes features and reduced frames (contract: :class:`~master_thesis.models.aligner.Aligner`)."""
        resized = frames.resized(*self.size)
        detail, eighth = self.encoder(torch.cat((normalise(resized.colours), resized.mask), dim=1))
        half, quarter = resized.pooled(2), resized.pooled(4)
        grey = GreyFrames.of(frames)
        planes = (half.colours, half.visible, quarter.colours, quarter.visible, grey.grey, grey.known)
        return Encoded(frames, (detail, eighth, *planes))

    def forward(self, target: MaskedFrames, refs: MaskedFrames) -> SmallFlow:
        """Flows of every pair of target and reference; pairs are folded as ``(b f)``.

        Args:
            target: masked targets, ``(B, 3, H, W)``.
            refs: masked references, ``(B, 3, F, H, W)``.
        """
        return self.predict(*self.encode_clips(target, refs))

    def predict(self, target: Encoded, refs: Encoded) -> SmallFlow:
        """The same for encoded frames."""
        t, r = _Views.of(target, len(refs) // len(target)), _Views.of(refs)
        v_t, v_r = (F.avg_pool2d(views.quarter.visible, 2) for views in (t, r))
        device = v_t.device
        with full_precision(device):
            affine = self.fit(t.eighth, v_t, r.eighth, v_r)
        camera = centred(affine.detach()) if self.start == "affine" else camera_motion(affine, t.camera, r.camera)
        first = rearrange(affine_flow(affine, *t.eighth.shape[-2:]), "n h w xy -> n xy h w")
        start = homography_flow(camera, *t.eighth.shape[-2:])
        steps, state = self._refine(start, t.eighth, v_t, r.eighth, v_r)
        planes, size = ((t.detail, t.quarter), (r.detail, r.quarter)), t.detail.shape[-2:]
        state = F.interpolate(state, size, mode="bilinear", align_corners=False)
        flow = F.interpolate(steps[-1], size, mode="bilinear", align_corners=False)
        for _ in range(NUM_FINE):
            flow, trust = self.fine(state, *planes, flow.detach())
            steps.append(flow)
        with torch.no_grad():
            camera_flow = homography_flow(camera, *size)
            _, camera_trust = self.fine(state, *planes, camera_flow)
        halves = t.camera.half, r.camera.half
        with full_precision(device):
            costs = self.choice(*halves, (camera_flow, flow.detach()), (camera_trust, trust.detach()))
        return SmallFlow([first, *steps], trust, camera, costs)

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

    def align_encoded(self, target: Encoded, refs: Encoded) -> Alignment:
        """Brings every reference onto its target (contract: :class:`~master_thesis.models.aligner.Aligner`).

        Convention:
            Pixels trusted less than ``TRUST_THRESHOLD`` count as not visible, so they are not copied.
        """
        b, (h, w) = len(target), target.frames.size
        predicted = self.predict(target, refs)
        costs = F.interpolate(predicted.costs, (h, w), mode="bilinear", align_corners=False)
        by_camera, by_flow, uncopied = costs.split(1, dim=1)
        flow = F.interpolate(predicted.flow, (h, w), mode="bilinear", align_corners=False)
        flow = torch.where(by_camera <= by_flow, homography_flow(predicted.camera, h, w), flow)
        grid = rearrange(flow_to_grid(flow, h, w), "(b f) h w xy -> b f h w xy", b=b)
        trust = (uncopied - torch.minimum(by_camera, by_flow)).sigmoid()
        confidence = rearrange(trust, "(b f) 1 h w -> b 1 f h w", b=b)
        clips = refs.frames.unfolded(b)
        has_hole = clips.visible.amin(dim=(1, 3, 4), keepdim=True) < 1
        threshold = torch.where(has_hole, TRUST_THRESHOLD, COMPLETE_TRUST_THRESHOLD)
        return trusted_alignment(grid, confidence, threshold, target.frames.visible, clips)


@dataclass(frozen=True)
class _Views:
    """The codes of N frames by name."""

    detail: Float[Tensor, "N C h4 w4"]
    eighth: Float[Tensor, "N D h8 w8"]
    quarter: MaskedFrames
    camera: CameraViews

    @staticmethod
    def of(encoded: Encoded, times: int = 1) -> _Views:
        """Every row ``times`` times in succession: one for each of its references."""
        frames = encoded.frames.repeated(times)
        codes = encoded.codes if times == 1 else tuple(code.repeat_interleave(times, dim=0) for code in encoded.codes)
        detail, eighth, half, v_half, quarter, v_quarter, grey, known = codes
        camera = CameraViews(GreyFrames(grey, known), MaskedFrames(half, v_half), frames)
        return _Views(detail, eighth, MaskedFrames(quarter, v_quarter), camera)
