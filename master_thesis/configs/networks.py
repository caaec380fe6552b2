"""Sizes of new networks. None stands for the thesis' size: a checkpoint carries its own."""

from __future__ import annotations

from dataclasses import dataclass

from master_thesis.configs.fields import check_bounds, option, resolved
from master_thesis.errors import require


@dataclass(frozen=True)
class VGGConfig:
    """The frozen VGG16 of DFPN's features and of CHN's perceptual loss."""

    vgg_weights: str = option(
        "imagenet",
        "VGG16 weights: imagenet (a download by torchvision), random, or a file",
        metavar="imagenet|random|FILE",
    )
    vgg_width: int | None = option(
        None, "width of the first VGG16 block; only 64 has trained weights", otherwise=64, within=(1, 256)
    )

    def __post_init__(self) -> None:
        check_bounds(self)
        ok = self.vgg_weights == "random" or resolved(self)["vgg_width"] == 64
        require(ok, f"--vgg_width {self.vgg_width} has no trained weights: use --vgg_weights random with it")


@dataclass(frozen=True)
class DFPNConfig:
    """Sizes of DFPN; a checkpoint carries its own."""

    dfpn_size: int | None = option(
        None, "working height and width of DFPN, a multiple of 32", otherwise=256, within=(32, 1024)
    )
    dfpn_corr_widths: tuple[int, int] | None = option(
        None, "widths of DFPN's 4D convolution", otherwise=(128, 256), metavar=("A", "B"), within=(1, 4096)
    )
    dfpn_width: int | None = option(None, "width of DFPN's flow estimators", otherwise=128, within=(1, 4096))

    def __post_init__(self) -> None:
        size = resolved(self)["dfpn_size"]
        require(size >= 32 and size % 32 == 0, f"--dfpn_size should be a positive multiple of 32, got {size}")
        check_bounds(self)


@dataclass(frozen=True)
class CHNConfig:
    """Sizes of CHN; a checkpoint carries its own."""

    chn_width: int | None = option(None, "width of CHN", otherwise=64, within=(1, 4096))
    chn_growth: int | None = option(None, "growth of CHN's residual dense blocks", otherwise=32, within=(1, 4096))
    chn_num_blocks: int | None = option(None, "RRDB blocks of CHN", otherwise=20, within=(1, 1000))

    def __post_init__(self) -> None:
        check_bounds(self)


@dataclass(frozen=True)
class TextureConfig:
    """Sizes of the texture preset's CHN; a checkpoint carries its own."""

    texture_width: int | None = option(None, "width of the texture preset's CHN", otherwise=32, within=(1, 1024))
    texture_num_blocks: int | None = option(None, "its blocks of dilated convolutions", otherwise=8, within=(1, 100))

    def __post_init__(self) -> None:
        check_bounds(self)


STARTS = ("camera", "affine")
"""Where look-ups start: see :class:`~master_thesis.models.small.aligner.SmallDFPN`."""


@dataclass(frozen=True)
class SmallConfig:
    """The small preset's aligner; a checkpoint carries its own."""

    small_start: str | None = option(
        None,
        "where look-ups start: at the movement of the camera, or at the learned affine fit, which leaves more to learn",
        otherwise="camera",
        choices=STARTS,
    )
    small_size: int | None = option(
        None, "working height and width of the small aligner, a multiple of 16", otherwise=256, within=(64, 1024)
    )

    def __post_init__(self) -> None:
        check_bounds(self)
        size = resolved(self)["small_size"]
        require(size % 16 == 0, f"--small_size should be a multiple of 16, got {size}")
