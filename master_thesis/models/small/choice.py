"""Copy by the camera's movement, by the flow, or not at all: the predicted cost of each.

A pixel of a hole cannot be compared with anything, but its surroundings are informative: how well each movement
explains the known pixels nearby, how rough the reference is there (a rough texture that does not fit is worse than
none), how far the smooth fill differs from it, and how deep in the hole the pixel lies. None of this depends on the
scene's content.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from master_thesis.models.small.layers import warp_inside
from master_thesis.ops.push_pull import push_pull
from master_thesis.records import MaskedFrames

NOISE = (3 / 255) ** 2
"""Squared differences of colours below this occur between any two frames."""
WINDOW = 5
DEPTHS = (4, 8, 16)
"""Sizes of the neighbourhoods whose visible share measures how deep in the hole a pixel lies."""
MOST_KNOWN = 0.99
ENOUGH = 0.3
"""Share of the pixels of a square from which its mean counts as known."""
SCALE, OFFSET = 4.0, -4.0
"""Scale and offset of the predicted logarithms, from the usual range of squared differences."""


class ChoiceHead(nn.Module):
    """Predicts the squared difference of copying by either movement, and of filling smoothly.

    Args:
        width: channels.
    """

    NUM_CUES = 2 * 7 + 7

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(self.NUM_CUES, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=2, dilation=2),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=4, dilation=4),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=2, dilation=2),
            nn.ReLU(),
            nn.Conv2d(width, 3, 1),
        )

    def forward(
        self,
        target: MaskedFrames,
        ref: MaskedFrames,
        flows: Sequence[Float[Tensor, "N 2 h w"]],
        trusts: Sequence[Float[Tensor, "N 1 h w"]],
    ) -> Float[Tensor, "N 3 h w"]:
        """Logarithms of the expected squared differences, colours in [0, 1]: camera, flow, smooth fill.

        Args:
            target: masked targets, at twice the size of the result.
            ref: masked references, likewise.
            flows: the camera's and the network's, displacements in the unit square.
            trusts: logits of the network's confidence in each.
        """
        smooth = push_pull(target.colours, target.visible)
        cues = [_cues_of(target, ref, smooth, *movement) for movement in zip(flows, trusts, strict=True)]
        distance_px = (flows[0] - flows[1]).norm(dim=1, keepdim=True) * target.colours.shape[-1] * 2
        cues += [(distance_px + 0.1).log() / 4, *_scene_cues(target)]
        return SCALE * self.body(torch.cat(cues, dim=1)) + OFFSET


def _cues_of(
    target: MaskedFrames, ref: MaskedFrames, smooth: Tensor, flow: Tensor, trust: Tensor
) -> Float[Tensor, "N 7 h w"]:
    solid = (ref.visible > MOST_KNOWN).to(ref.visible)
    seen, visible = warp_inside(torch.cat((ref.colours, solid), dim=1), flow).split([3, 1], dim=1)
    visible = (visible > MOST_KNOWN).to(seen)
    known = (target.visible > MOST_KNOWN).to(seen)
    residual, share = _pooled((seen - target.colours).square(), known * visible)
    mean = _local_mean(seen, visible)
    roughness, _ = _pooled((seen - mean).square(), visible)
    step, _ = _pooled((mean - smooth).square(), visible)
    planes = (
        *_continued(_logarithm(residual), share),
        _logarithm(roughness),
        _logarithm(step),
        F.avg_pool2d(visible, 2),
        trust.sigmoid(),
    )
    return torch.cat(planes, dim=1)


def _scene_cues(target: MaskedFrames) -> list[Float[Tensor, "N 1 h w"]]:
    visible = F.avg_pool2d(target.visible, 2)
    size = visible.shape[-2:]
    around = [F.avg_pool2d(visible, k, ceil_mode=True) for k in DEPTHS]
    depths = [F.interpolate(plane, size, mode="bilinear", align_corners=False) for plane in around]
    mean = _local_mean(target.colours, target.visible)
    roughness, share = _pooled((target.colours - mean).square(), (target.visible > MOST_KNOWN).to(mean))
    _, continued, overall = _continued(_logarithm(roughness), share)
    return [visible, *depths, continued, overall]


def _continued(plane: Tensor, share: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """A plane where enough pixels are known, its continuation into the rest, and its mean."""
    is_known = (share > ENOUGH).to(share)
    overall = (plane * share).sum(dim=(2, 3), keepdim=True) / (share.sum(dim=(2, 3), keepdim=True) + 1e-6)
    return plane * is_known, push_pull(plane, is_known), overall.expand_as(plane)


def _pooled(squares: Float[Tensor, "N 3 H W"], weights: Float[Tensor, "N 1 H W"]) -> tuple[Tensor, Tensor]:
    """The weighted mean over channels and 2 x 2 pixels, and the share of weight in each square."""
    share = F.avg_pool2d(weights, 2)
    return F.avg_pool2d(squares.mean(dim=1, keepdim=True) * weights, 2) / (share + 1e-6), share


def _local_mean(colours: Tensor, visible: Tensor) -> Tensor:
    def mean(planes: Tensor) -> Tensor:
        return F.avg_pool2d(planes, WINDOW, stride=1, padding=WINDOW // 2)

    return mean(colours * visible) / (mean(visible) + 1e-3)


def _logarithm(squares: Tensor) -> Tensor:
    """About -1 for noise and 1 for black against white."""
    return (squares + NOISE).log() / 4 + 1.5
