"""DFPN, the Dense Flow Prediction Network: an aligner that works from the visible parts of frames.

Source: the thesis, Dense Flow Prediction Network. Ordered like its figure: features, masked correlation, 4D
convolution, mixer, two flow estimators.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from master_thesis.models.aligner import Aligner, Encoded, alignment_from_grid
from master_thesis.models.vgg import VGG16
from master_thesis.ops.correlation import masked_correlation, masked_directions
from master_thesis.ops.grid import resize_grid
from master_thesis.ops.image import normalise, resize, resize_mask
from master_thesis.ops.precision import full_precision
from master_thesis.records import Alignment, FlowPrediction, MaskedFrames

VGG_STRIDE = 16
"""Pixels per feature position after the fourth max-pool."""


class SeparableConv4d(nn.Module):
    """Fills the correlation: 2D convolutions over the reference plane, then over the target plane.

    Args:
        widths: channels of the hidden layers, (128, 256) in the thesis.
    """

    def __init__(self, widths: tuple[int, int] = (128, 256)) -> None:
        super().__init__()
        narrow, wide = widths
        self.over_refs = _convs((1, narrow, wide, wide))
        self.over_target = _convs((wide, wide, narrow, 1))

    def forward(self, correlation: Float[Tensor, "B F t t r r"]) -> Float[Tensor, "B F t t r r"]:
        """Fills the entries that masks have left empty."""
        b, f, ty, tx, ry, rx = correlation.shape
        x = self.over_refs(rearrange(correlation, "b f ty tx ry rx -> (b f ty tx) 1 ry rx"))
        x = rearrange(x, "(bf ty tx) c ry rx -> (bf ry rx) c ty tx", bf=b * f, ty=ty, tx=tx)
        x = self.over_target(x)
        return rearrange(x, "(b f ry rx) 1 ty tx -> b f ty tx ry rx", b=b, f=f, ry=ry, rx=rx)


def _convs(widths: tuple[int, ...]) -> nn.Sequential:
    """3x3 convolutions with ReLU between them."""
    layers: list[nn.Module] = []
    for wide_in, wide_out in pairwise(widths):
        layers += [nn.Conv2d(wide_in, wide_out, 3, padding=1), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers[:-1])


class Mixer(nn.Module):
    """Predicts a coarse grid from the filled correlation, whose channels are the target positions.

    Args:
        num_cells: positions of one plane, 256 in the thesis.
    """

    def __init__(self, num_cells: int = 256) -> None:
        super().__init__()
        n = num_cells
        outs = (n, n, 16, 16, 16, 8, 8, 8, 4, 4, 4, 2, 2, 2)
        kernels = (5, 3, 3, 5, 3, 3, 5, 3, 3, 5, 3, 3, 5, 3)
        num_linear = 3  # the last layers have no activation between them
        layers: list[nn.Module] = []
        for i, (wide_in, wide_out, k) in enumerate(zip((n, *outs), outs, kernels, strict=False)):
            layers.append(nn.Conv2d(wide_in, wide_out, k, padding=k // 2))
            if i < len(outs) - num_linear:
                layers.append(nn.ReLU(inplace=True))
        self.layers = nn.Sequential(*layers)

    def forward(self, correlation: Float[Tensor, "B F t t r r"]) -> Float[Tensor, "B F t t 2"]:
        """The coarse grid of every reference."""
        b = correlation.shape[0]
        x = _last_in_full(self.layers, rearrange(correlation, "b f ty tx ry rx -> (b f) (ty tx) ry rx"))
        return rearrange(x, "(b f) xy h w -> b f h w xy", b=b)


class FlowEstimator(nn.Module):
    """Refines a coarser grid from the frames, by an hourglass of convolutions.

    Args:
        width: channels of every hidden layer, 128 in the thesis.
    """

    NUM_INPUTS = 10  # reference 3, target 3, their masks 2, coarser grid 2

    def __init__(self, width: int = 128) -> None:
        super().__init__()
        down = [(5, 1), (3, 1), (5, 2), (5, 1), (3, 1), (3, 2), (5, 1), (3, 1), (3, 2), (5, 1), (3, 1)]
        up = [(3, 2), (5, 1), (3, 1), (3, 2), (5, 1), (3, 1), (5, 2), (5, 1), (3, 1)]
        layers: list[nn.Module] = []
        wide_in = self.NUM_INPUTS
        for k, stride in down:
            layers += [nn.Conv2d(wide_in, width, k, stride, padding=k // 2), nn.ReLU(inplace=True)]
            wide_in = width
        for k, stride in up:
            conv = _enlarging(width, k) if stride == 2 else nn.Conv2d(width, width, k, padding=k // 2)
            layers += [conv, nn.ReLU(inplace=True)]
        layers.append(nn.Conv2d(width, 2, 3, padding=1))
        self.layers = nn.Sequential(*layers)

    def forward(
        self, target: MaskedFrames, refs: MaskedFrames, coarse: Float[Tensor, "N c c 2"]
    ) -> Float[Tensor, "N n n 2"]:
        """The grid of every pair, at the size of the frames.

        Args:
            target: normalised targets, one row per pair.
            refs: normalised references, likewise.
            coarse: the coarser grid.
        """
        grid = rearrange(resize_grid(coarse.unsqueeze(0), *refs.size)[0], "n h w xy -> n xy h w")
        x = torch.cat((refs.colours, target.colours, refs.mask, target.mask, grid), dim=1)
        return rearrange(_last_in_full(self.layers, x), "n xy h w -> n h w xy")


def _enlarging(width: int, kernel: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(width, width, kernel, stride=2, padding=kernel // 2, output_padding=1)


def _last_in_full(layers: nn.Sequential, x: Tensor) -> Tensor:
    """Runs layers, the last one in float32: bfloat16 positions would be off by up to a pixel."""
    x = layers[:-1](x)
    with full_precision(x.device):
        return layers[-1](x if x.dtype == torch.float64 else x.float())


class DFPN(Aligner, nn.Module):
    """Dense Flow Prediction Network.

    Args:
        size: working height and width; grids are predicted at a sixteenth, at a quarter and at this size.
        corr_widths: hidden widths of the 4D convolution.
        width: hidden width of the flow estimators.
        vgg_width: width of the first VGG16 block; 64 is the published network.
    """

    def __init__(
        self, size: int = 256, corr_widths: tuple[int, int] = (128, 256), width: int = 128, vgg_width: int = 64
    ) -> None:
        super().__init__()
        self.size = size
        self.cells = size // VGG_STRIDE
        self.vgg = VGG16(num_blocks=4, width=vgg_width)
        self.conv4d = SeparableConv4d(corr_widths)
        self.mixer = Mixer(self.cells**2)
        self.estimator_64 = FlowEstimator(width)
        self.estimator_256 = FlowEstimator(width)

    def encode(self, frames: MaskedFrames) -> Encoded:
        """Computes VGG16 features and resized frames (contract: :class:`~master_thesis.models.aligner.Aligner`).

        The features are of unit length, as the correlation needs them, and 0 where they are hidden.
        """
        features = self.vgg(normalise(resize(frames.colours, self.size, self.size)))
        directions = masked_directions(features, resize_mask(frames.visible, self.cells, self.cells))
        normalised = MaskedFrames(normalise(frames.colours), frames.visible)
        middle, fine = (normalised.resized(size, size) for size in (self.size // 4, self.size))
        return Encoded(frames, (directions, middle.colours, middle.visible, fine.colours, fine.visible))

    def correlate(self, target: MaskedFrames, refs: MaskedFrames) -> Float[Tensor, "B F t t r r"]:
        """The masked correlation of targets with references; frames without holes give the unmasked one.

        Args:
            target: masked targets, ``(B, 3, H, W)``.
            refs: masked references, ``(B, 3, F, H, W)``.
        """
        return self._correlate(*self.encode_clips(target, refs))

    def forward(self, target: MaskedFrames, refs: MaskedFrames) -> FlowPrediction:
        """The position of every target pixel in every reference.

        Args:
            target: masked targets, ``(B, 3, H, W)``.
            refs: masked references, ``(B, 3, F, H, W)``.
        """
        return self.predict(*self.encode_clips(target, refs))

    def predict(self, target: Encoded, refs: Encoded) -> FlowPrediction:
        """The same for encoded frames."""
        b, f = len(target), len(refs) // len(target)
        correlation = self.conv4d(self._correlate(target, refs))
        coarse = self.mixer(correlation)
        _, *target_planes = (code.repeat_interleave(f, dim=0) for code in target.codes)
        _, *ref_planes = refs.codes
        middle_pair, fine_pair = zip(_in_twos(target_planes), _in_twos(ref_planes), strict=True)
        middle = self.estimator_64(*middle_pair, coarse.flatten(0, 1))
        fine = self.estimator_256(*fine_pair, middle).unflatten(0, (b, f))
        grid = resize_grid(fine, *target.frames.size)
        return FlowPrediction(correlation, coarse, middle.unflatten(0, (b, f)), grid, fine)

    @staticmethod
    def _correlate(target: Encoded, refs: Encoded) -> Float[Tensor, "B F t t r r"]:
        return masked_correlation(target.codes[0], refs.codes[0].unflatten(0, (len(target), -1)))

    def align_encoded(self, target: Encoded, refs: Encoded) -> Alignment:
        """Brings every reference onto its target (contract: :class:`~master_thesis.models.aligner.Aligner`)."""
        grid = self.predict(target, refs).grid
        return alignment_from_grid(grid, target.frames.visible, refs.frames.unfolded(len(target)))


def _in_twos(planes: list[Tensor]) -> list[MaskedFrames]:
    """Colours and visibility of the middle and of the fine size."""
    return [MaskedFrames(*planes[i : i + 2]) for i in (0, 2)]
