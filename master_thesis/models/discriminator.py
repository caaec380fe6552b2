"""The critic of adversarial training: judges patches of a frame, knowing where it was painted.

Source: Isola et al., Image-to-Image Translation with Conditional Adversarial Networks, 2017 (patches); Miyato et al.,
Spectral Normalization for Generative Adversarial Networks, 2018.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

LEAK = 0.2


class PatchDiscriminator(nn.Module):
    """Judges patches of 54 pixels, one every 8 pixels.

    Args:
        width: channels after the first layer; they double twice.
    """

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        widths = (4, width, 2 * width, 4 * width)  # RGB and the open pixels
        layers = [_conv(i, o, stride=2) for i, o in pairwise(widths)]
        self.layers = nn.ModuleList([*layers, _conv(4 * width, 4 * width, stride=1)])
        self.judge = spectral_norm(nn.Conv2d(4 * width, 1, 3, padding=1))

    def forward(
        self, frames: Float[Tensor, "N 3 H W"], is_open: Float[Tensor, "N 1 H W"]
    ) -> tuple[Float[Tensor, "N 1 h w"], list[Float[Tensor, "N _ _ _"]]]:
        """Judges frames; high values mean that they look real.

        Args:
            frames: ImageNet-normalised frames.
            is_open: 1 = painted, or to be painted.

        Returns:
            A value per patch, and the features of every layer.
        """
        x, features = torch.cat((frames, is_open), dim=1), []
        for layer in self.layers:
            x = nn.functional.leaky_relu(layer(x), LEAK)
            features.append(x)
        return self.judge(x), features


def _conv(wide_in: int, wide_out: int, stride: int) -> nn.Module:
    size = 4 if stride == 2 else 3
    return spectral_norm(nn.Conv2d(wide_in, wide_out, size, stride, padding=1))
