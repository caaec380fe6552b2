"""The network that carries a mask from frames where it is known to the next one.

It compares the frame with those of a memory, whose masks are known or were found before, reads from the best matches
whether they belong to the object, and combines this with the previous mask, carried along by optical flow. Ordered like
the data flows: features of a frame, memory, reading, decoding.

Source: the memory is that of space-time memory networks (Oh et al., 2019), and the carried mask as a further input
that of MaskTrack (Perazzi et al., 2017).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

STRIDE = 16
"""Heights and widths of frames are multiples of it."""
CHUNK = 128
"""Positions that are compared with the memory at once."""


@dataclass(frozen=True)
class FrameCode:
    """Features of N frames.

    Attributes:
        half: at half the size.
        quarter: at a quarter.
        eighth: at an eighth.
        key: what is compared, at an eighth.
    """

    half: Float[Tensor, "N A h2 w2"]
    quarter: Float[Tensor, "N B h4 w4"]
    eighth: Float[Tensor, "N C h8 w8"]
    key: Float[Tensor, "N K h8 w8"]


@dataclass(frozen=True)
class Memory:
    """Positions of frames with masks, and what they say.

    Attributes:
        key: what is compared.
        value: what is read.
    """

    key: Float[Tensor, "N K P"]
    value: Float[Tensor, "N V P"]

    @staticmethod
    def join(parts: list[Memory]) -> Memory:
        """The positions of several frames."""
        return Memory(torch.cat([p.key for p in parts], dim=2), torch.cat([p.value for p in parts], dim=2))


class Block(nn.Module):
    """Two convolutions and a shortcut."""

    def __init__(self, num_in: int, num_out: int, stride: int = 1) -> None:
        super().__init__()
        self.first = nn.Conv2d(num_in, num_out, 3, stride, 1, bias=False)
        self.second = nn.Conv2d(num_out, num_out, 3, 1, 1, bias=False)
        self.norm_first, self.norm_second = nn.BatchNorm2d(num_out), nn.BatchNorm2d(num_out)
        is_same = num_in == num_out and stride == 1
        self.shortcut = nn.Identity() if is_same else nn.Conv2d(num_in, num_out, 1, stride)

    def forward(self, x: Float[Tensor, "N C H W"]) -> Float[Tensor, "N D h w"]:
        """Applies the block."""
        y = self.norm_second(self.second(F.relu(self.norm_first(self.first(x)))))
        return F.relu(y + self.shortcut(x))


class MaskCarrier(nn.Module):
    """Finds the mask of a frame.

    Args:
        width: channels at half the size; twice, four and six times as many at a quarter, an eighth and a sixteenth.
        key: channels that are compared.
        value: channels that are read.
    """

    def __init__(self, width: int = 24, key: int = 48, value: int = 64) -> None:
        super().__init__()
        a, b, c, d = width, 2 * width, 4 * width, 6 * width
        self.stem = nn.Sequential(nn.Conv2d(3, a, 5, 2, 2, bias=False), nn.BatchNorm2d(a), nn.ReLU())
        self.to_quarter = nn.Sequential(Block(a, b, 2), Block(b, b))
        self.to_eighth = nn.Sequential(Block(b, c, 2), Block(c, c), Block(c, c))
        self.to_sixteenth = nn.Sequential(Block(c, d, 2), Block(d, d))
        self.back = nn.Conv2d(d, c, 1)
        self.key = nn.Conv2d(c, key, 3, 1, 1)
        self.remember_in = nn.Conv2d(c + 64, value, 1)
        self.remember_out = nn.Sequential(Block(value, value), nn.Conv2d(value, value, 1))
        self.decode_eighth = nn.Sequential(Block(c + value + 64 + 1, c), Block(c, c))
        self.decode_quarter = Block(c + b + 16, b)
        self.decode_half = nn.Sequential(
            nn.Conv2d(b + a + 4, a, 3, 1, 1, bias=False), nn.BatchNorm2d(a), nn.ReLU(), nn.Conv2d(a, a, 3, 1, 1)
        )
        self.answer = nn.Conv2d(a, 1, 3, 1, 1)

    def encode(self, frames: Float[Tensor, "N 3 H W"]) -> FrameCode:
        """Features of frames, RGB in [0, 1]."""
        half = self.stem(4 * (frames - 0.45))
        quarter = self.to_quarter(half)
        eighth = self.to_eighth(quarter)
        wide = F.interpolate(self.back(self.to_sixteenth(eighth)), eighth.shape[-2:], mode="bilinear")
        eighth = F.relu(eighth + wide)
        return FrameCode(half, quarter, eighth, self.key(eighth))

    def remember(self, code: FrameCode, mask: Float[Tensor, "N 1 H W"]) -> Memory:
        """What frames and their masks, in [0, 1], leave in the memory."""
        value = self.remember_in(torch.cat((code.eighth, F.pixel_unshuffle(mask, 8)), dim=1))
        return Memory(code.key.flatten(2), self.remember_out(value).flatten(2))

    def read(self, code: FrameCode, memory: Memory) -> tuple[Float[Tensor, "N V h8 w8"], Float[Tensor, "N 1 h8 w8"]]:
        """What the memory says about every position, and how well the best match fits."""
        query, num_channels = code.key.flatten(2), code.key.shape[1]
        # The negative squared distance; the part of the query alone does not change the softmax.
        length = memory.key.square().sum(dim=1, keepdim=True)
        value, found, best = memory.value.mT.contiguous(), [], []
        for some in query.mT.contiguous().split(CHUNK, dim=1):  # what is compared stays in the cache of the processor
            closeness = torch.baddbmm(-length, some, memory.key, alpha=2) / num_channels**0.5
            best.append(closeness.amax(dim=2))
            found.append(closeness.softmax(dim=2) @ value)
        values = torch.cat(found, dim=1).mT
        own = query.square().sum(dim=1) / num_channels**0.5
        fit = (torch.cat(best, dim=1) - own).clamp(min=-20) / 10
        return values.unflatten(2, code.key.shape[-2:]), fit.unflatten(1, code.key.shape[-2:]).unsqueeze(1)

    def forward(self, code: FrameCode, memory: Memory, carried: Float[Tensor, "N 1 H W"]) -> Float[Tensor, "N 1 h2 w2"]:
        """Logits of the mask at half the size.

        Args:
            code: features of the frames.
            memory: frames with masks.
            carried: the previous mask at its place in these frames, in [0, 1].
        """
        values, fit = self.read(code, memory)
        guide = 2 * carried - 1
        x = self.decode_eighth(torch.cat((code.eighth, values, F.pixel_unshuffle(guide, 8), fit), dim=1))
        x = F.interpolate(x, scale_factor=2, mode="bilinear")
        x = self.decode_quarter(torch.cat((x, code.quarter, F.pixel_unshuffle(guide, 4)), dim=1))
        x = F.interpolate(x, scale_factor=2, mode="bilinear")
        x = self.decode_half(torch.cat((x, code.half, F.pixel_unshuffle(guide, 2)), dim=1))
        return self.answer(F.relu(x))
