"""CPN, the affine aligner of the published Copy-and-Paste Networks, for inference with its authors' weights.

Source: Lee et al., Copy-and-Paste Networks for Deep Video Inpainting, 2019.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from master_thesis.models.aligner import Aligner, Encoded
from master_thesis.models.frozen import Frozen
from master_thesis.ops.grid import warp
from master_thesis.ops.image import normalise, resize
from master_thesis.ops.mask import copyable_map
from master_thesis.records import Alignment, MaskedFrames

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


class CPN(Aligner, Frozen):
    """The published affine aligner."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = CPNEncoder()
        self.regressor = CPNRegressor()
        self.freeze()

    def forward(self, target: MaskedFrames, refs: MaskedFrames) -> Float[Tensor, "B F 2 3"]:
        """Affine matrices in grid coordinates (``align_corners=True``), target to every reference.

        Args:
            target: masked targets, ``(B, 3, H, W)``.
            refs: masked references, ``(B, 3, F, H, W)``.
        """
        return rearrange(self.regress(*self.encode_clips(target, refs)), "(b f) i j -> b f i j", b=len(target))

    def encode(self, frames: MaskedFrames) -> Encoded:
        """Computes the encoder's features (contract: :class:`~master_thesis.models.aligner.Aligner`)."""
        inputs = torch.cat((normalise(frames.colours), frames.mask), dim=1)
        return Encoded(frames, (self.encoder(resize(inputs, SIZE, SIZE)),))

    def regress(self, target: Encoded, refs: Encoded) -> Float[Tensor, "N 2 3"]:
        """The affine matrix of every pair."""
        target_rows = target.codes[0].repeat_interleave(len(refs) // len(target), dim=0)
        return self.regressor(torch.cat((target_rows, refs.codes[0]), dim=1))

    def align_encoded(self, target: Encoded, refs: Encoded) -> Alignment:
        """Brings every reference onto its target (contract: :class:`~master_thesis.models.aligner.Aligner`)."""
        flat = F.affine_grid(self.regress(target, refs), [len(refs), 3, *refs.frames.size], align_corners=True)
        grid = rearrange(flat, "(b f) h w xy -> b f h w xy", b=len(target))
        clips = refs.frames.unfolded(len(target))
        visible = (warp(clips.visible, grid) > VISIBLE_THRESHOLD).to(clips.visible.dtype)
        return Alignment(warp(clips.colours, grid), visible, copyable_map(visible, target.frames.visible), grid=grid)
