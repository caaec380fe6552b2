"""CPN, the affine aligner of the published Copy-and-Paste Networks; for inference with its authors' weights.

Source: Lee et al., Copy-and-Paste Networks for Deep Video Inpainting, 2019.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from jaxtyping import Float
from torch import Tensor, nn

from master_thesis.models.aligner import EncodingAligner, encode_all
from master_thesis.models.frozen import Frozen
from master_thesis.ops.grid import warp
from master_thesis.ops.image import normalise, resize
from master_thesis.ops.mask import copyable_map
from master_thesis.records import Alignment

SIZE = 224
VISIBLE_THRESHOLD = 0.5


def _conv(wide_in: int, wide_out: int, kernel: int = 3, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(wide_in, wide_out, kernel, stride, padding=kernel // 2)


class CPNEncoder(nn.Module):
    """Features of a frame and its mask, at an eighth of the size; layers named as published."""

    def __init__(self) -> None:
        super().__init__()
        self.conv12 = _conv(4, 64, 5, 2)
        self.conv2 = _conv(64, 64)
        self.conv23 = _conv(64, 128, 3, 2)
        self.conv3 = _conv(128, 128)
        self.conv34 = _conv(128, 256, 3, 2)
        self.conv4a = _conv(256, 256)
        self.conv4b = _conv(256, 256)

    def forward(self, x: Float[Tensor, "N 4 H W"]) -> Float[Tensor, "N 256 h w"]:
        """Features of normalised frames with their masks."""
        for conv in (self.conv12, self.conv2, self.conv23, self.conv3, self.conv34, self.conv4a, self.conv4b):
            x = F.relu(conv(x))
        return x


class CPNRegressor(nn.Module):
    """The affine map between two frames, from their features."""

    def __init__(self) -> None:
        super().__init__()
        self.conv45 = _conv(512, 512, 3, 2)
        self.conv5a = _conv(512, 512)
        self.conv5b = _conv(512, 512)
        self.conv56 = _conv(512, 512, 3, 2)
        self.fc = nn.Linear(512, 6)

    def forward(self, x: Float[Tensor, "N 512 h w"]) -> Float[Tensor, "N 2 3"]:
        """Affine matrices in grid coordinates, target to reference."""
        # The published network runs conv5a and conv5b twice; the weights were trained so.
        for conv in (self.conv45, self.conv5a, self.conv5b, self.conv56, self.conv5a, self.conv5b):
            x = F.relu(conv(x))
        return self.fc(x.mean(dim=(2, 3))).view(-1, 2, 3)


class CPN(Frozen, EncodingAligner):
    """The published affine aligner."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = CPNEncoder()
        self.regressor = CPNRegressor()
        self.freeze()

    def forward(
        self,
        x_target: Float[Tensor, "B 3 H W"],
        m_target: Float[Tensor, "B 1 H W"],
        x_refs: Float[Tensor, "B 3 F H W"],
        m_refs: Float[Tensor, "B 1 F H W"],
    ) -> Float[Tensor, "B F 2 3"]:
        """Affine matrices in grid coordinates (``align_corners=True``), target to every reference."""
        return self.regress(*encode_all(self, x_target, m_target, x_refs, m_refs))

    def encode(self, x: Float[Tensor, "N 3 H W"], m: Float[Tensor, "N 1 H W"]) -> Float[Tensor, "N 256 h w"]:
        """The encoder's features: see :class:`~master_thesis.models.aligner.EncodingAligner`."""
        inputs = torch.cat((normalise(x), m), dim=1).unsqueeze(2)
        return self.encoder(resize(inputs, SIZE, SIZE)[:, :, 0])

    def regress(
        self, code_target: Float[Tensor, "B 256 h w"], code_refs: Float[Tensor, "B F 256 h w"]
    ) -> Float[Tensor, "B F 2 3"]:
        """The affine matrices of frames that are encoded already."""
        b, f = code_refs.shape[:2]
        target = repeat(code_target, "b c h w -> b f c h w", f=f)
        pairs = rearrange(torch.cat((target, code_refs), dim=2), "b f c h w -> (b f) c h w")
        return rearrange(self.regressor(pairs), "(b f) i j -> b f i j", b=b)

    def align_encoded(
        self,
        x_target: Float[Tensor, "B 3 H W"],
        m_target: Float[Tensor, "B 1 H W"],
        x_refs: Float[Tensor, "B 3 F H W"],
        m_refs: Float[Tensor, "B 1 F H W"],
        code_target: Float[Tensor, "B 256 _ _"],
        code_refs: Float[Tensor, "B F 256 _ _"],
    ) -> Alignment:
        """Brings every reference onto the target: see :class:`~master_thesis.models.aligner.EncodingAligner`."""
        b, _, f, h, w = x_refs.shape
        theta = rearrange(self.regress(code_target, code_refs), "b f i j -> (b f) i j")
        flat = F.affine_grid(theta, [b * f, 3, h, w], align_corners=True)
        grid = rearrange(flat, "(b f) h w xy -> b f h w xy", b=b)
        visible = (warp(1 - m_refs, grid) > VISIBLE_THRESHOLD).to(x_refs.dtype)
        return Alignment(warp(x_refs, grid), visible, copyable_map(visible, m_target), grid=grid)
