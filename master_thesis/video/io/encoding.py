"""How a result is encoded: the codec, its options, the pixel format and the tags of its colours."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import av
import numpy as np

from master_thesis.errors import require
from master_thesis.runtime.scheduling import scheduling_kept
from master_thesis.video.io.colours import Colours, is_rgb

CRF = 16
"""Constant rate factor of x264: visually lossless. ``--lossless`` keeps every bit."""


@dataclass(frozen=True)
class Encoder:
    """An encoder of FFmpeg.

    Attributes:
        name: FFmpeg's name.
        options: for FFmpeg.
        crf: default quality; None: it has no such scale.
        max_crf: of the scale.
    """

    name: str
    options: dict[str, str] = field(default_factory=dict)
    crf: int | None = None
    max_crf: int = 51


# Without B-frames packets come in display order, so that the duration of every frame is kept as well.
ENCODERS = {
    "h264": Encoder("libx264", {"preset": "medium", "bf": "0"}, CRF),
    "hevc": Encoder("libx265", {"preset": "medium", "x265-params": "log-level=error:bframes=0"}, CRF),
    "av1": Encoder("libsvtav1", {"preset": "6", "svtav1-params": "pred-struct=1"}, 20, 63),
    "prores": Encoder("prores_ks", {"profile": "3"}),
    "ffv1": Encoder("ffv1", {"level": "3", "slicecrc": "1"}),
}
"""By ``--codec``."""
MOST_AHEAD, LEAST_AHEAD = 40, 10
PIXELS_AHEAD = 20 * 1920 * 1080
"""Frames that H.264 looks ahead: x264's 40 where they are small; large ones take too much memory."""


@dataclass(frozen=True)
class Encoding:
    """How frames are encoded.

    Attributes:
        codec: a key of ``ENCODERS``.
        crf: quality; larger values give smaller and worse videos. None: the default of the codec.
        pix_fmt: FFmpeg's pixel format; None: that of browsers, or 4:4:4 for odd sizes.
        colours: how the pixel values are to be read.
        hdr_light: brightness of the screen that an HDR video was made for, as x265 takes it.
    """

    codec: str = "h264"
    crf: int | None = None
    pix_fmt: str | None = None
    colours: Colours = field(default_factory=Colours)
    hdr_light: str = ""

    @property
    def encoder(self) -> Encoder:
        """The encoder."""
        return ENCODERS[self.codec]

    def format_for(self, size: tuple[int, int]) -> str:
        """The pixel format for frames of a height and width."""
        has_odd_side = any(side % 2 for side in size)
        return self.pix_fmt or ("yuv444p" if has_odd_side else "yuv420p")

    def options(self, size: tuple[int, int]) -> dict[str, str]:
        """Options for FFmpeg to encode frames of a height and width."""
        options = dict(self.encoder.options)
        if self.codec == "h264":
            options["rc-lookahead"] = str(frames_ahead(size))
        if self.encoder.crf is not None:
            options["crf"] = str(self.encoder.crf if self.crf is None else self.crf)
        if self.codec == "prores" and chroma_of(self.format_for(size)) == "4:4:4":
            options["profile"] = PRORES_444
        if self.hdr_light and self.codec == "hevc":
            options["x265-params"] += f":hdr10=1:repeat-headers=1:{self.hdr_light}"
        if self.hdr_light and self.codec == "av1":
            options["svtav1-params"] += f":{for_svt(self.hdr_light)}"
        return options


PRORES_444 = "4"
"""ProRes' profile of colours at full resolution; players tell it by its name in the container."""
IN_8_BITS = {"4:2:0": "yuv420p", "4:2:2": "yuv422p", "4:4:4": "yuv444p", "4:4:0": "yuv444p", "4:1:1": "yuv420p"}

LOSSLESS = Encoding("ffv1", pix_fmt="bgr0")
"""Every bit of RGB."""


def frames_ahead(size: tuple[int, int]) -> int:
    """How many frames of a height and width H.264 looks ahead.

    >>> frames_ahead((480, 854)), frames_ahead((1080, 1920)), frames_ahead((2160, 3840))
    (40, 20, 10)
    """
    return min(max(PIXELS_AHEAD // (size[0] * size[1]), LEAST_AHEAD), MOST_AHEAD)


@contextmanager
def opening_encoder() -> Iterator[None]:
    """Keeps SVT-AV1 from printing its settings, and threads from real time, while an encoder is opened."""
    os.environ.setdefault("SVT_LOG", "1")  # errors alone
    with scheduling_kept():
        yield


def has_encoder(codec: str) -> bool:
    """Whether FFmpeg was built with the encoder of a codec."""
    try:
        av.Codec(ENCODERS[codec].name, "w")
    except av.codec.codec.UnknownCodecError:
        return False
    return True


def choose_encoding(
    pix_fmt: str, colours: Colours, size: tuple[int, int], codec: str | None, crf: int | None, lossless: bool
) -> Encoding:
    """Chooses the encoding of a result after the format of its video.

    Args:
        pix_fmt: FFmpeg's pixel format of the video; empty for a folder of frames.
        colours: of the video.
        size: stored height and width.
        codec: a key of ``ENCODERS``; None: HEVC for HDR, otherwise H.264 of 8 bits, which plays everywhere.
        crf: quality; None: the default of the codec.
        lossless: keep every bit: FFV1, in RGB if the video has 8 bits.

    Raises:
        UserError: the codec is not available, or has no such quality.
    """
    require(not lossless or crf is None, "--crf has no effect with --lossless: leave it out")
    follows = is_yuv(pix_fmt)
    is_deep = follows and bits_of(pix_fmt) > 8
    if lossless and not is_deep:
        return LOSSLESS
    name = "ffv1" if lossless else codec or ("hevc" if colours.is_hdr and has_encoder("hevc") else "h264")
    if not follows and name == "ffv1" and crf is None:
        return LOSSLESS
    if is_deep and name == "h264" and codec is None:  # hardly any player takes H.264 of 10 bits
        pix_fmt = IN_8_BITS.get(chroma_of(pix_fmt), "yuv420p")
    encoder = ENCODERS[name]
    require(has_encoder(name), f"--codec {name} needs FFmpeg with {encoder.name}, which this PyAV was built without")
    is_scaled = crf is None or encoder.crf is not None
    require(is_scaled, f"--crf has no effect on {name}: leave it out")
    allowed = f"--crf for {name} should be at most {encoder.max_crf}, got {crf}"
    require(encoder.crf is None or crf is None or crf <= encoder.max_crf, allowed)
    return Encoding(name, crf, _nearest(pix_fmt if follows else "", encoder, size), colours if follows else Colours())


def _nearest(pix_fmt: str, encoder: Encoder, size: tuple[int, int]) -> str | None:
    """The format of the encoder that loses least of a YUV format; None: there is nothing to follow."""
    formats = [f.name for f in av.Codec(encoder.name, "w").video_formats or []]
    yuv = [f for f in formats if f.startswith("yuv") and not f.startswith(("yuvj", "yuva"))]
    wanted = _layout(pix_fmt or ("yuv444p" if any(side % 2 for side in size) else "yuv420p"))
    bits, across, down = wanted
    if encoder.name != "ffv1" and any(side % 2 for side in size):  # lossy 4:2:0 exists for even sizes only
        across, down = (0 if size[1] % 2 else across), (0 if size[0] % 2 else down)

    def loss(name: str) -> tuple[int, ...]:
        b, x, y = _layout(name)
        return max(bits - b, 0), max(x - across, 0) + max(y - down, 0), b - bits, across - x + down - y

    return min(yuv, key=loss) if yuv else None


def is_yuv(pix_fmt: str) -> bool:
    """Whether a pixel format stores brightness and two colours; a folder of frames has none."""
    return bool(pix_fmt) and not is_rgb(av.VideoFormat(pix_fmt)) and len(av.VideoFormat(pix_fmt).components) > 2


def bits_of(pix_fmt: str) -> int:
    """Bits of a colour value."""
    return max(int(component.bits) for component in av.VideoFormat(pix_fmt).components)


def chroma_of(pix_fmt: str) -> str:
    """How colours are reduced against brightness, as ``4:2:0``; RGB and grey count as 4:4:4."""
    across, down = _layout(pix_fmt)[1:]
    return {(0, 0): "4:4:4", (0, 1): "4:4:0", (1, 0): "4:2:2", (1, 1): "4:2:0", (2, 0): "4:1:1"}.get(
        (across, down), "4:1:0"
    )


def _layout(pix_fmt: str) -> tuple[int, int, int]:
    """Bits of a value, and how often colours are halved across and down."""
    made = av.VideoFormat(pix_fmt, 64, 64)
    halvings = {64: 0, 32: 1, 16: 2}
    return bits_of(pix_fmt), halvings[made.chroma_width(64)], halvings[made.chroma_height(64)]


def for_svt(light: str) -> str:
    """The brightness of a screen in the words of SVT-AV1 instead of x265, which has no decimals.

    >>> for_svt("master-display=G(13250,34500)WP(15635,16450)L(10000000,50):max-cll=1000,400")
    'mastering-display=G(0.265,0.69)WP(0.3127,0.329)L(1000,0.005):content-light=1000,400'
    """

    def decimals(found: re.Match[str]) -> str:
        unit = 10000 if found[1] == "L" else 50000
        return f"{found[1]}({int(found[2]) / unit:.10g},{int(found[3]) / unit:.10g})"

    renamed = light.replace("master-display", "mastering-display").replace("max-cll", "content-light")
    return re.sub(r"(\w+)\((\d+),(\d+)\)", decimals, renamed)


def mastering(side_data: Any) -> str:
    """Reads from the side data of an HDR frame for which screen it was made, in the words of x265."""
    parts = []
    screen, light = side_data.get("MASTERING_DISPLAY_METADATA"), side_data.get("CONTENT_LIGHT_LEVEL")
    if screen is not None:
        numbers = np.frombuffer(bytes(screen), np.int32)
        values = [n / d if d else 0 for n, d in zip(numbers[0:20:2].tolist(), numbers[1:20:2].tolist(), strict=True)]
        (rx, ry, gx, gy, bx, by, wx, wy), (low, high) = (round(v * 50000) for v in values[:8]), values[8:]
        luminance = f"L({round(high * 10000)},{round(low * 10000)})"
        parts.append(f"master-display=G({gx},{gy})B({bx},{by})R({rx},{ry})WP({wx},{wy}){luminance}")
    if light is not None:
        most, mean = np.frombuffer(bytes(light), np.uint32)[:2].tolist()
        parts.append(f"max-cll={most},{mean}")
    return ":".join(parts)
