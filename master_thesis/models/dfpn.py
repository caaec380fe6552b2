"""DFPN, the Dense Flow Prediction Network: an aligner that looks at what masks leave visible.

Source: the thesis, Dense Flow Prediction Network. Ordered like its figure: features, masked correlation, 4D
convolution, mixer, two flow estimators.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from einops import rearrange, repeat
from jaxtyping import Float
from torch import Tensor, nn

from master_thesis.models.aligner import EncodingAligner, alignment_from_grid, encode_all
from master_thesis.models.vgg import VGG16
from master_thesis.ops.correlation import masked_correlation, masked_directions
from master_thesis.ops.grid import resize_grid
from master_thesis.ops.image import normalise, resize, resize_mask
from master_thesis.ops.precision import full_precision
from master_thesis.records import Alignment, FlowPrediction

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
        """Fills what masks left empty."""
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
    """Reads a coarse grid off the filled correlation; its channels are the target positions.

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
    """Refines a coarser grid by looking at the frames: an hourglass of convolutions.

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
        self,
        x_target: Float[Tensor, "B 3 n n"],
        m_target: Float[Tensor, "B 1 n n"],
        x_refs: Float[Tensor, "B 3 F n n"],
        m_refs: Float[Tensor, "B 1 F n n"],
        coarse: Float[Tensor, "B F c c 2"],
    ) -> Float[Tensor, "B F n n 2"]:
        """The grid at the size of the frames."""
        b, _, f, h, w = x_refs.shape
        grid = rearrange(resize_grid(coarse, h, w), "b f h w xy -> b xy f h w")
        target = repeat(torch.cat((x_target, m_target), dim=1), "b c h w -> b c f h w", f=f)
        x = torch.cat((x_refs, target[:, :3], m_refs, target[:, 3:], grid), dim=1)
        x = _last_in_full(self.layers, rearrange(x, "b c f h w -> (b f) c h w"))
        return rearrange(x, "(b f) xy h w -> b f h w xy", b=b)


def _enlarging(width: int, kernel: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(width, width, kernel, stride=2, padding=kernel // 2, output_padding=1)


def _last_in_full(layers: nn.Sequential, x: Tensor) -> Tensor:
    """Runs layers, the last one in float32: a position in bfloat16 would be off by up to a pixel."""
    x = layers[:-1](x)
    with full_precision(x.device):
        return layers[-1](x if x.dtype == torch.float64 else x.float())


class DFPN(nn.Module, EncodingAligner):
    """Dense Flow Prediction Network.

    Args:
        size: working height and width; the grids are predicted at a sixteenth, a quarter and all of it.
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

    def encode(self, x: Float[Tensor, "N 3 H W"], m: Float[Tensor, "N 1 H W"]) -> Float[Tensor, "N C t t"]:
        """VGG16 features of masked frames, as the correlation takes them: of unit length, 0 where they are hidden.

        See :class:`~master_thesis.models.aligner.EncodingAligner`.
        """
        frames, visible = x.unsqueeze(2), 1 - m.unsqueeze(2)
        features = self.vgg(normalise(resize(frames, self.size, self.size))[:, :, 0])
        return masked_directions(features, resize_mask(visible, self.cells, self.cells)[:, :, 0])

    def correlate(
        self,
        x_target: Float[Tensor, "B 3 H W"],
        m_target: Float[Tensor, "B 1 H W"],
        x_refs: Float[Tensor, "B 3 F H W"],
        m_refs: Float[Tensor, "B 1 F H W"],
    ) -> Float[Tensor, "B F t t r r"]:
        """The masked correlation of the target with every reference; all-zero masks give the unmasked one."""
        return masked_correlation(*encode_all(self, x_target, m_target, x_refs, m_refs))

    def forward(
        self,
        x_target: Float[Tensor, "B 3 H W"],
        m_target: Float[Tensor, "B 1 H W"],
        x_refs: Float[Tensor, "B 3 F H W"],
        m_refs: Float[Tensor, "B 1 F H W"],
    ) -> FlowPrediction:
        """Where every target pixel lies in every reference.

        Args:
            x_target: masked target, RGB in [0, 1].
            m_target: its mask, 1 = hole.
            x_refs: masked references.
            m_refs: their masks.
        """
        codes = encode_all(self, x_target, m_target, x_refs, m_refs)
        return self.predict(x_target, m_target, x_refs, m_refs, *codes)

    def predict(
        self,
        x_target: Float[Tensor, "B 3 H W"],
        m_target: Float[Tensor, "B 1 H W"],
        x_refs: Float[Tensor, "B 3 F H W"],
        m_refs: Float[Tensor, "B 1 F H W"],
        code_target: Float[Tensor, "B C t t"],
        code_refs: Float[Tensor, "B F C t t"],
    ) -> FlowPrediction:
        """The same from frames that are encoded already."""
        correlation = self.conv4d(masked_correlation(code_target, code_refs))
        grid_16 = self.mixer(correlation)
        frames = normalise(torch.cat((x_target.unsqueeze(2), x_refs), dim=2))
        masks = torch.cat((m_target.unsqueeze(2), m_refs), dim=2)
        grid_64 = self._refine(self.estimator_64, frames, masks, self.size // 4, grid_16)
        grid_256 = self._refine(self.estimator_256, frames, masks, self.size, grid_64)
        grid = resize_grid(grid_256, *x_target.shape[-2:])
        return FlowPrediction(correlation, grid_16, grid_64, grid, grid_256)

    @staticmethod
    def _refine(estimator: FlowEstimator, frames: Tensor, masks: Tensor, size: int, coarse: Tensor) -> Tensor:
        x, m = resize(frames, size, size), resize_mask(masks, size, size)
        return estimator(x[:, :, 0], m[:, :, 0], x[:, :, 1:], m[:, :, 1:], coarse)

    def align_encoded(
        self,
        x_target: Float[Tensor, "B 3 H W"],
        m_target: Float[Tensor, "B 1 H W"],
        x_refs: Float[Tensor, "B 3 F H W"],
        m_refs: Float[Tensor, "B 1 F H W"],
        code_target: Float[Tensor, "B C t t"],
        code_refs: Float[Tensor, "B F C t t"],
    ) -> Alignment:
        """Brings every reference onto the target: see :class:`~master_thesis.models.aligner.EncodingAligner`."""
        grid = self.predict(x_target, m_target, x_refs, m_refs, code_target, code_refs).grid
        return alignment_from_grid(grid, m_target, x_refs, m_refs)
