"""The texture preset's CHN: copies like the small one, and paints what no frame shows with texture.

The network sees a single frame, with what could be copied and a smooth continuation of the rest, so that it can be
trained on photographs without an aligner. Ordered like the data flows: encoder, blocks of dilated convolutions at a
quarter of the size, decoder.

Source of the blocks: Zeng et al., Aggregated Contextual Transformations for High-Resolution Image Inpainting, 2022.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from master_thesis.models.hallucinator import Hallucinator
from master_thesis.models.small.guess import FirstGuess
from master_thesis.ops.image import normalise, pad_to_multiple
from master_thesis.records import Alignment, Hallucination, MaskedFrames

RATES = (1, 2, 4, 8)
"""Dilations within a block: the reach of a block is 8 pixels at a quarter of the size, 32 at full size."""
STRIDE = 4


class TextureCHN(Hallucinator, nn.Module):
    """The texture preset's Copy-and-Hallucinate Network.

    Args:
        width: channels at the full size; twice as many at a half, four times as many at a quarter.
        num_blocks: blocks of dilated convolutions.
    """

    paints_copies = False
    NUM_INPUTS = 4  # first guess 3, open pixels 1

    def __init__(self, width: int = 32, num_blocks: int = 8) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            *(nn.Conv2d(self.NUM_INPUTS, width, 5, padding=2), nn.ReLU()),
            *(nn.Conv2d(width, 2 * width, 3, stride=2, padding=1), nn.ReLU()),
            *(nn.Conv2d(2 * width, 4 * width, 3, stride=2, padding=1), nn.ReLU()),
        )
        self.blocks = nn.Sequential(*(DilatedBlock(4 * width) for _ in range(num_blocks)))
        self.up_half = nn.Sequential(nn.Conv2d(4 * width, 2 * width, 3, padding=1), nn.ReLU())
        self.up_full = nn.Sequential(nn.Conv2d(2 * width, width, 3, padding=1), nn.ReLU())
        self.tail = nn.Conv2d(width, 3, 3, padding=1)
        nn.init.zeros_(self.tail.weight)  # training starts from the first guess
        nn.init.zeros_(self.tail.bias)  # type: ignore[arg-type]

    def hallucinate(self, target: MaskedFrames, alignment: Alignment) -> Hallucination:
        """Paints the target once per reference (contract: :class:`~master_thesis.models.hallucinator.Hallucinator`)."""
        guess = FirstGuess.of(target, alignment)
        correction = self._correct(torch.cat((normalise(guess.colours), guess.is_open), dim=1))
        return guess.corrected(correction)

    def _correct(self, planes: Float[Tensor, "N 4 H W"]) -> Float[Tensor, "N 3 H W"]:
        h, w = planes.shape[-2:]
        x = self.blocks(self.encoder(pad_to_multiple(planes, STRIDE)))
        for stage in (self.up_half, self.up_full):
            x = stage(F.interpolate(x, scale_factor=2.0, mode="nearest"))
        return self.tail(x)[..., :h, :w]


class DilatedBlock(nn.Module):
    """Looks near and far at once, and replaces features where its gate says so.

    Args:
        width: channels, a multiple of the number of dilations.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        part = width // len(RATES)
        self.branches = nn.ModuleList(nn.Conv2d(width, part, 3, padding=rate, dilation=rate) for rate in RATES)
        self.fuse = nn.Conv2d(part * len(RATES), width, 3, padding=1)
        self.gate = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Float[Tensor, "N C h w"]) -> Float[Tensor, "N C h w"]:
        """Returns features of the same size."""
        seen = torch.cat([branch(x).relu() for branch in self.branches], dim=1)
        gate = self.gate(x).sigmoid()
        return x * (1 - gate) + self.fuse(seen) * gate
