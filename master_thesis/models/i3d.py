"""I3D, the network whose features VFID compares."""

from __future__ import annotations

from collections import OrderedDict

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from master_thesis.models.frozen import Frozen

WIDTH = 64
"""Channels of the first convolution of the published network; all others are in proportion."""
INCEPTIONS = {
    "3b": (64, 96, 128, 16, 32, 32),
    "3c": (128, 128, 192, 32, 96, 64),
    "4b": (192, 96, 208, 16, 48, 64),
    "4c": (160, 112, 224, 24, 64, 64),
    "4d": (128, 128, 256, 24, 64, 64),
    "4e": (112, 144, 288, 32, 64, 64),
    "4f": (256, 160, 320, 32, 128, 128),
    "5b": (256, 160, 320, 32, 128, 128),
    "5c": (384, 192, 384, 48, 128, 128),
}
"""Channels of the convolutions of each module: 1x1, reduction and 3x3, reduction and 3x3, 1x1 after the pool."""

Extent = tuple[int, int, int]
"""Frames, rows and columns of a kernel or a stride."""


def pad_same(video: Float[Tensor, "B C F H W"], kernel: Extent, stride: Extent) -> Float[Tensor, "B C f h w"]:
    """Pads with zeros so that a kernel gives one output per stride, the odd one behind (TensorFlow's ``SAME``)."""
    pads: list[int] = []
    for size, k, s in zip(video.shape[2:], kernel, stride, strict=True):
        total = max(k - (size % s or s), 0)
        pads = [total // 2, total - total // 2, *pads]
    return F.pad(video, pads)


class Conv(nn.Module):
    """A convolution with batch normalisation and ReLU."""

    def __init__(self, in_channels: int, out_channels: int, side: int = 1, stride: int = 1) -> None:
        super().__init__()
        self.kernel, self.stride = (side,) * 3, (stride,) * 3
        self.conv3d = nn.Conv3d(in_channels, out_channels, self.kernel, self.stride, bias=False)
        self.bn = nn.BatchNorm3d(out_channels, eps=1e-3)

    def forward(self, video: Float[Tensor, "B C F H W"]) -> Float[Tensor, "B c f h w"]:
        """Convolves with the padding ``SAME``."""
        return F.relu(self.bn(self.conv3d(pad_same(video, self.kernel, self.stride))))


class Pool(nn.Module):
    """The maximum over a kernel; its input is never negative, so that padding with zeros changes nothing."""

    def __init__(self, kernel: Extent, stride: Extent) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride

    def forward(self, video: Float[Tensor, "B C F H W"]) -> Float[Tensor, "B C f h w"]:
        """Pools with the padding ``SAME``."""
        return F.max_pool3d(pad_same(video, self.kernel, self.stride), self.kernel, self.stride)


class Inception(nn.Module):
    """Four branches side by side: 1x1; 1x1 and 3x3; 1x1 and a smaller 3x3; pool and 1x1."""

    def __init__(self, in_channels: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        one, reduced, three, reduced_small, three_small, pooled = widths
        self.b0 = Conv(in_channels, one)
        self.b1a, self.b1b = Conv(in_channels, reduced), Conv(reduced, three, 3)
        self.b2a, self.b2b = Conv(in_channels, reduced_small), Conv(reduced_small, three_small, 3)
        self.b3a, self.b3b = Pool((3, 3, 3), (1, 1, 1)), Conv(in_channels, pooled)
        self.out_channels = one + three + three_small + pooled

    def forward(self, video: Float[Tensor, "B C F H W"]) -> Float[Tensor, "B c F H W"]:
        """The outputs of all branches, one after another."""
        branches = (self.b0(video), self.b1b(self.b1a(video)), self.b2b(self.b2a(video)), self.b3b(self.b3a(video)))
        return torch.cat(branches, dim=1)


class I3D(Frozen):
    """Inception inflated to three dimensions, up to its last module; keys as in the published PyTorch weights.

    Args:
        width: channels of the first convolution, a multiple of 4; 64 is the published network.

    Source: Carreira and Zisserman, Quo vadis, action recognition? A new model and the Kinetics dataset, 2017.
    """

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        layers["Conv3d_1a_7x7"] = Conv(3, width, 7, stride=2)
        layers["MaxPool3d_2a_3x3"] = Pool((1, 3, 3), (1, 2, 2))
        layers["Conv3d_2b_1x1"] = Conv(width, width)
        layers["Conv3d_2c_3x3"] = Conv(width, 3 * width, 3)
        layers["MaxPool3d_3a_3x3"] = Pool((1, 3, 3), (1, 2, 2))
        channels = 3 * width
        for name, widths in INCEPTIONS.items():
            if name == "4b":
                layers["MaxPool3d_4a_3x3"] = Pool((3, 3, 3), (2, 2, 2))
            if name == "5b":
                layers["MaxPool3d_5a_2x2"] = Pool((2, 2, 2), (2, 2, 2))
            module = Inception(channels, tuple(w * width // WIDTH for w in widths))
            layers[f"Mixed_{name}"], channels = module, module.out_channels
        self.layers = nn.Sequential(layers)
        self.num_features = channels
        self.freeze()

    def forward(self, videos: Float[Tensor, "B 3 F H W"]) -> Float[Tensor, "B C"]:
        """The mean of the last module's output over frames, rows and columns.

        Args:
            videos: frames in [0, 1], as published figures of video inpainting are computed, although the network was
                trained on [-1, 1].
        """
        return self.layers(videos).mean(dim=(2, 3, 4))
