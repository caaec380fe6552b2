"""Sizes of new networks."""

from __future__ import annotations

from dataclasses import dataclass

from master_thesis.configs.fields import check_bounds, option
from master_thesis.errors import require


@dataclass(frozen=True)
class VGGConfig:
    """The frozen VGG16 whose features DFPN matches and CHN's perceptual loss compares."""

    vgg_weights: str = option("imagenet", "VGG16 weights: imagenet (torchvision's download), random, or a file")
    vgg_width: int = option(64, "width of the first VGG16 block (64: the real one)", within=(1, 256))

    def __post_init__(self) -> None:
        check_bounds(self)
        ok = self.vgg_weights == "random" or self.vgg_width == 64
        require(ok, f"--vgg_width {self.vgg_width} has no trained weights: use --vgg_weights random with it")


@dataclass(frozen=True)
class DFPNConfig:
    """Sizes of DFPN; the defaults are the thesis'. A checkpoint carries them."""

    dfpn_size: int = option(256, "working height and width of DFPN, a multiple of 32", within=(32, 1024))
    dfpn_corr_widths: tuple[int, int] = option(
        (128, 256), "widths of DFPN's 4D convolution", metavar=("A", "B"), within=(1, 4096)
    )
    dfpn_width: int = option(128, "width of DFPN's flow estimators", within=(1, 4096))

    def __post_init__(self) -> None:
        ok = self.dfpn_size >= 32 and self.dfpn_size % 32 == 0
        require(ok, f"--dfpn_size should be a positive multiple of 32, got {self.dfpn_size}")
        check_bounds(self)


@dataclass(frozen=True)
class CHNConfig:
    """Sizes of CHN; the defaults are the thesis'. A checkpoint carries them."""

    chn_width: int = option(64, "width of CHN", within=(1, 4096))
    chn_growth: int = option(32, "growth of CHN's residual dense blocks", within=(1, 4096))
    chn_num_blocks: int = option(20, "RRDB blocks of CHN", within=(1, 1000))

    def __post_init__(self) -> None:
        check_bounds(self)
