"""The network that guesses the coarse colours of a hole from what surrounds it.

It sees a hole and its surroundings reduced to a small square, and corrects a membrane over the hole there. Trained on
squared errors, it shows the mean of what could be in the hole: blurred, with sky above and ground below. Ordered like
the data flows: from a half of that square to an eighth, where every part looks at all others, and back.

Source: the shape is that of Ronneberger et al., U-Net, 2015, with self-attention at its bottom.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from master_thesis.ops.membrane import LEAST_SHARE, membrane
from master_thesis.ops.push_pull import push_pull

SIDE = 64
"""Height and width of what it sees."""
RELAXATIONS = 8
"""Of the membrane that it corrects."""
GAIN = 3.0
"""By which colours are multiplied, so that they vary by about one."""
NUM_GROUPS, NUM_HEADS = 8, 4


class Block(nn.Module):
    """Two convolutions, added to what comes in."""

    def __init__(self, width: int, dilation: int = 1) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(NUM_GROUPS, width)
        self.first = nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation)
        self.second = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Float[Tensor, "N C H W"]) -> Float[Tensor, "N C H W"]:
        """Applies the block."""
        return x + self.second(F.gelu(self.first(F.gelu(self.norm(x)))))


class CoarseColours(nn.Module):
    """Guesses coarse colours.

    Args:
        widths: channels at a half, a quarter and an eighth of the square.
    """

    def __init__(self, widths: tuple[int, int, int] = (48, 96, 128)) -> None:
        super().__init__()
        a, b, c = widths
        self.stem = nn.Sequential(nn.Conv2d(7 * 4, a, 3, padding=1), Block(a))
        self.to_quarter = nn.Sequential(nn.Conv2d(a, b, 2, 2), Block(b))
        self.to_eighth = nn.Conv2d(b, c, 2, 2)
        self.positions = nn.Parameter(torch.zeros(1, c, SIDE // 8, SIDE // 8))
        self.near = Block(c)
        self.norm, self.attention = nn.LayerNorm(c), nn.MultiheadAttention(c, NUM_HEADS, batch_first=True)
        self.far = nn.Sequential(Block(c, 2), Block(c))
        self.back_to_quarter, self.decode_quarter = nn.ConvTranspose2d(c, b, 2, 2), nn.Sequential(Block(b), Block(b))
        self.back_to_half, self.decode_half = nn.ConvTranspose2d(b, a, 2, 2), nn.Sequential(Block(a), Block(a))
        self.answer = nn.Conv2d(a, 3 * 4, 3, padding=1)
        for tensor in self.answer.parameters():
            nn.init.zeros_(tensor)  # so that it starts as the membrane

    def forward(
        self, colours: Float[Tensor, "N 3 S S"], visible: Float[Tensor, "N 1 S S"], smooth: Float[Tensor, "N 3 S S"]
    ) -> Float[Tensor, "N 3 S S"]:
        """What to add to a membrane.

        Args:
            colours: RGB in [0, 1], where they are known.
            visible: share of each pixel that is.
            smooth: the membrane.
        """
        mean = (colours * visible).sum((2, 3), keepdim=True) / (visible.sum((2, 3), keepdim=True) + 1e-6)
        planes = torch.cat(((colours - mean) * visible, visible - 0.5, smooth - mean), dim=1)
        half = self.stem(F.pixel_unshuffle(GAIN * planes, 2))
        quarter = self.to_quarter(half)
        eighth = self._looked_around(self.near(self.to_eighth(quarter) + self.positions))
        quarter = self.decode_quarter(self.back_to_quarter(self.far(eighth)) + quarter)
        return F.pixel_shuffle(self.answer(self.decode_half(self.back_to_half(quarter) + half)), 2)

    def _looked_around(self, x: Float[Tensor, "N C h w"]) -> Float[Tensor, "N C h w"]:
        """Adds to each part what it finds in all others."""
        parts = self.norm(x.flatten(2).mT)
        found = self.attention(parts, parts, parts, need_weights=False)[0]
        return x + found.mT.unflatten(2, x.shape[-2:])


def guessed(
    network: CoarseColours, colours: Float[Tensor, "N 3 S S"], visible: Float[Tensor, "N 1 S S"]
) -> tuple[Float[Tensor, "N 3 S S"], Float[Tensor, "N 3 S S"]]:
    """The membrane over a hole of the small square, and what the network adds to it there."""
    smooth = push_pull(colours, visible, RELAXATIONS)
    return smooth, (1 - visible) * network(colours, visible, smooth).float()


@torch.no_grad()
def coarse_fill(
    network: CoarseColours, picture: Float[np.ndarray, "H W 3"], hole: Bool[np.ndarray, "H W"]
) -> Float[np.ndarray, "H W 3"]:
    """Guesses the coarse colours of a hole; those of known pixels do not matter.

    Args:
        network: in single precision, on the CPU.
        picture: RGB in [0, 255], about as much around the hole on each side as the hole is large.
        hole: what to guess.
    """
    colours, visible = small_square(picture, hole)
    with torch.autocast("cpu", enabled=False):
        _, correction = guessed(network, *(torch.from_numpy(p).permute(2, 0, 1)[None] for p in (colours, visible)))
    planes = 255 * correction[0].permute(1, 2, 0).numpy()
    return membrane(picture, ~hole) + cv2.resize(planes, hole.shape[::-1], interpolation=cv2.INTER_LINEAR)


def small_square(
    picture: Float[np.ndarray, "H W 3"], hole: Bool[np.ndarray, "H W"]
) -> tuple[Float[np.ndarray, "S S 3"], Float[np.ndarray, "S S 1"]]:
    """The known colours in [0, 1], reduced to the square that the network sees, and the share of it that is known."""
    known = (~hole[..., None]).astype(np.float32)
    planes = np.concatenate((picture / np.float32(255) * known, known), axis=-1, dtype=np.float32)
    small = cv2.resize(planes, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    visible = small[..., 3:] * (small[..., 3:] > LEAST_SHARE)
    return small[..., :3] / (small[..., 3:] + np.float32(1e-6)) * (visible > 0), visible
