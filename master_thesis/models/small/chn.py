"""The small preset's CHN: a shallow U-Net that corrects a plain first guess.

The first guess keeps known pixels, copies where it can and continues the rest smoothly; the network predicts a
correction of that rest. It uses the aligner's confidence, which :class:`~master_thesis.models.chn.CHN` ignores.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from master_thesis.models.hallucinator import Hallucinator
from master_thesis.models.small.guess import FirstGuess
from master_thesis.ops.image import normalise, pad_to_multiple
from master_thesis.records import Alignment, Hallucination, MaskedFrames

LEAK = 0.2


def _block(wide_in: int, wide_out: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(wide_in, wide_out, 3, stride, padding=1),
        nn.LeakyReLU(LEAK),
        nn.Conv2d(wide_out, wide_out, 3, padding=1),
        nn.LeakyReLU(LEAK),
    )


class SmallCHN(Hallucinator, nn.Module):
    """The small preset's Copy-and-Hallucinate Network.

    Args:
        widths: channels at the full size, a half, a quarter ...
    """

    paints_copies = False
    NUM_INPUTS = 13  # first guess 3, aligned reference 3, smooth fill 3, visibilities 2, copyable 1, confidence 1

    def __init__(self, widths: Sequence[int] = (16, 40, 80, 120, 160)) -> None:
        super().__init__()
        self.stride = 2 ** (len(widths) - 1)
        self.head = nn.Sequential(nn.Conv2d(self.NUM_INPUTS, widths[0], 3, padding=1), nn.LeakyReLU(LEAK))
        self.down = nn.ModuleList(_block(i, o, stride=2) for i, o in pairwise(widths))
        self.up = nn.ModuleList(_block(i + o, o) for o, i in reversed(list(pairwise(widths))))
        self.tail = nn.Conv2d(widths[0], 3, 3, padding=1)
        nn.init.zeros_(self.tail.weight)  # training starts from the first guess
        nn.init.zeros_(self.tail.bias)  # type: ignore[arg-type]

    def hallucinate(self, target: MaskedFrames, alignment: Alignment) -> Hallucination:
        """Paints the target once per reference (contract: :class:`~master_thesis.models.hallucinator.Hallucinator`)."""
        guess = FirstGuess.of(target, alignment)
        colours = (normalise(p) for p in (guess.colours, guess.aligned, guess.smooth))
        planes = (guess.target.visible, guess.seen, guess.copyable, guess.trust)
        return guess.corrected(self._correct(torch.cat((*colours, *planes), dim=1)))

    def _correct(self, planes: Float[Tensor, "N C H W"]) -> Float[Tensor, "N 3 H W"]:
        h, w = planes.shape[-2:]
        x = self.head(pad_to_multiple(planes, self.stride))
        skips = []
        for block in self.down:
            skips.append(x)
            x = block(x)
        for block in self.up:
            x = F.interpolate(x, scale_factor=2.0, mode="nearest")
            x = block(torch.cat((x, skips.pop()), dim=1))
        return self.tail(x)[..., :h, :w]
