"""VGG16's convolutional blocks, frozen."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from master_thesis.models.frozen import Frozen

NUM_CONVS = (2, 2, 3, 3, 3)
WIDTHS = (1, 2, 4, 8, 8)
"""Width of each block, in widths of the first."""


class VGG16(Frozen):
    """The first ``num_blocks`` blocks of VGG16, each ending in its max-pool; keys as in torchvision.

    New weights are drawn at random (He) from a generator of their own, so that they are the same in every run.

    Args:
        num_blocks: 1 to 5; DFPN needs four, the perceptual loss five.
        width: channels of the first block; 64 is the published network.

    Source: Simonyan and Zisserman, Very deep convolutional networks for large-scale image recognition, 2015.
    """

    def __init__(self, num_blocks: int = 5, width: int = 64) -> None:
        from torchvision.models.vgg import make_layers  # imports half of torch besides, which removals do without

        super().__init__()
        layout: list[str | int] = []
        for convs, factor in zip(NUM_CONVS[:num_blocks], WIDTHS, strict=False):
            layout += [width * factor] * convs + ["M"]
        self.features = make_layers(layout)
        self.num_channels = width * WIDTHS[num_blocks - 1]
        self._draw_weights(torch.Generator().manual_seed(16))
        self.freeze()

    def _draw_weights(self, generator: torch.Generator) -> None:
        for layer in self.features:
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
                nn.init.zeros_(layer.get_parameter("bias"))

    def pools(self, frames: Float[Tensor, "N 3 H W"]) -> list[Float[Tensor, "N _ _ _"]]:
        """The outputs of all max-pools, finest first.

        Args:
            frames: ImageNet-normalised frames.
        """
        outputs, x = [], frames
        for layer in self.features:
            x = layer(x)
            if isinstance(layer, nn.MaxPool2d):
                outputs.append(x)
        return outputs

    def forward(self, frames: Float[Tensor, "N 3 H W"]) -> Float[Tensor, "N C h w"]:
        """The output of the last max-pool."""
        return self.features(frames)
