"""CHN, the Copy-and-Hallucinate Network: copies what an aligned reference shows, makes up the rest.

Source: the thesis, Copy-and-Hallucinate Network; its body is ESRGAN's (Wang et al., 2018).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from jaxtyping import Float
from torch import Tensor, nn

from master_thesis.models.hallucinator import Hallucinator
from master_thesis.ops.image import denormalise, normalise, pad_to_multiple
from master_thesis.records import Alignment, Hallucination, MaskedFrames

RESIDUAL_SCALE = 0.2
LEAK = 0.2


class ResidualDenseBlock(nn.Module):
    """Five convolutions, each of which receives the outputs of all before it.

    Args:
        width: channels in and out.
        growth: channels added by each of the first four convolutions.
    """

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        outs = (growth, growth, growth, growth, width)
        self.convs = nn.ModuleList(nn.Conv2d(width + i * growth, out, 3, padding=1) for i, out in enumerate(outs))

    def forward(self, x: Float[Tensor, "N C h w"]) -> Float[Tensor, "N C h w"]:
        """The block's residual, scaled, added to its input."""
        seen = [x]
        for conv in self.convs[:-1]:
            seen.append(F.leaky_relu(conv(torch.cat(seen, dim=1)), LEAK))
        return x + RESIDUAL_SCALE * self.convs[-1](torch.cat(seen, dim=1))


class RRDB(nn.Module):
    """Residual in residual dense block: three dense blocks in a row.

    Args:
        width: channels in and out.
        growth: growth of each dense block.
    """

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*(ResidualDenseBlock(width, growth) for _ in range(3)))

    def forward(self, x: Float[Tensor, "N C h w"]) -> Float[Tensor, "N C h w"]:
        """The blocks' residual, scaled, added to its input."""
        return x + RESIDUAL_SCALE * self.blocks(x)


class CHN(Hallucinator, nn.Module):
    """Copy-and-Hallucinate Network.

    Args:
        width: channels of the body, 64 in the thesis.
        growth: growth of its dense blocks, 32 in the thesis.
        num_blocks: RRDB blocks, 20 in the thesis.
    """

    NUM_INPUTS = 9  # target 3, aligned reference 3, both visibilities 2, copyable 1
    STRIDE = 4

    def __init__(self, width: int = 64, growth: int = 32, num_blocks: int = 20) -> None:
        super().__init__()
        strides = (1, 1, 2, 1, 2)
        ins = (self.NUM_INPUTS, *(width,) * 4)
        self.head = nn.Sequential(*(nn.Conv2d(i, width, 3, s, padding=1) for i, s in zip(ins, strides, strict=True)))
        self.trunk = nn.Sequential(
            *(RRDB(width, growth) for _ in range(num_blocks)), nn.Conv2d(width, width, 3, padding=1)
        )
        self.enlarge = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(2))
        self.tail = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1), nn.LeakyReLU(LEAK), nn.Conv2d(width, 3, 3, padding=1)
        )

    def hallucinate(self, target: MaskedFrames, alignment: Alignment) -> Hallucination:
        """Paints the target once per reference (contract: :class:`~master_thesis.models.hallucinator.Hallucinator`)."""
        b, _, f, h, w = alignment.aligned.shape
        x = repeat(normalise(target.colours), "b c h w -> b c f h w", f=f)
        v = repeat(target.visible, "b c h w -> b c f h w", f=f)
        inputs = torch.cat((x, normalise(alignment.aligned), v, alignment.visible, alignment.copyable), dim=1)
        painted = self._paint(pad_to_multiple(rearrange(inputs, "b c f h w -> (b f) c h w"), self.STRIDE))
        painted = rearrange(painted[..., :h, :w], "(b f) c h w -> b c f h w", b=b)
        predicted = denormalise(painted.to(target.colours.dtype)).clamp(0, 1)
        known = target.visible.unsqueeze(2)
        return Hallucination(predicted, known * target.colours.unsqueeze(2) + (1 - known) * predicted)

    def _paint(self, x: Float[Tensor, "N 9 h w"]) -> Float[Tensor, "N 3 h w"]:
        x = self.head(x)
        x = x + self.trunk(x)
        for conv in self.enlarge:
            x = F.leaky_relu(conv(F.interpolate(x, scale_factor=2.0, mode="nearest")), LEAK)
        return self.tail(x)
