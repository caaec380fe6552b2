"""Colours, sizes and number formats of frames and masks."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float, Shaped, UInt8
from torch import Tensor

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
FILL = IMAGENET_MEAN
"""Colour of the holes in masked frames (RGB)."""
GREY = (0.299, 0.587, 0.114)
"""Share of each colour (RGB) in grey, as in OpenCV."""
FINE = 256
"""Levels of 16 bits in one level of 8 bits, as FFmpeg converts them: 65,280 is white, what lies above is brighter."""


def _channels(values: tuple[float, ...], like: Tensor) -> Tensor:
    """Per-channel values, shaped to broadcast along axis 1 of ``like``."""
    return torch.tensor(values, device=like.device, dtype=like.dtype).view(1, -1, *[1] * (like.ndim - 2))


def to_float(frames: Shaped[Tensor, "..."]) -> Float[Tensor, "..."]:
    """uint8 frames in [0, 255] as floats in [0, 1]; floats are returned unchanged.

    >>> to_float(torch.tensor([0, 51, 255], dtype=torch.uint8))
    tensor([0.0000, 0.2000, 1.0000])
    """
    return frames.float().div(255) if frames.dtype == torch.uint8 else frames


def to_bytes(frames: Float[Tensor, "..."]) -> UInt8[Tensor, "..."]:
    """Float frames in [0, 1] as uint8 in [0, 255], rounded; values outside are clamped.

    >>> to_bytes(torch.tensor([-0.1, 0.2, 1.5]))
    tensor([  0,  51, 255], dtype=torch.uint8)
    """
    return frames.mul(255).round().clamp(0, 255).to(torch.uint8)


def normalise(frames: Float[Tensor, "B 3 *size"]) -> Float[Tensor, "B 3 *size"]:
    """ImageNet normalisation: subtracts the mean, divides by the standard deviation."""
    return (frames - _channels(IMAGENET_MEAN, frames)) / _channels(IMAGENET_STD, frames)


def denormalise(frames: Float[Tensor, "B 3 *size"]) -> Float[Tensor, "B 3 *size"]:
    """The inverse of :func:`normalise`."""
    return frames * _channels(IMAGENET_STD, frames) + _channels(IMAGENET_MEAN, frames)


def fill_holes(frames: Float[Tensor, "B 3 *size"], mask: Float[Tensor, "B 1 *size"]) -> Float[Tensor, "B 3 *size"]:
    """Masked frames: known pixels unchanged, holes in the colour ``FILL``."""
    return (1 - mask) * frames + mask * _channels(FILL, frames)


def resize(frames: Float[Tensor, "N C *size"], height: int, width: int) -> Float[Tensor, "N C *resized"]:
    """Resizes frames bilinearly (pixel areas correspond: ``align_corners=False``); a no-op where the size fits."""
    return _resize(frames, height, width, mode="bilinear", align_corners=False)


def resize_mask(mask: Float[Tensor, "N C *size"], height: int, width: int) -> Float[Tensor, "N C *resized"]:
    """Resizes masks or visibility by nearest, so that no new value appears; a no-op where the size fits."""
    return _resize(mask, height, width, mode="nearest", align_corners=None)


def _resize(frames: Tensor, height: int, width: int, mode: str, align_corners: bool | None) -> Tensor:
    if frames.shape[-2:] == (height, width):
        return frames
    if frames.ndim == 4:
        return F.interpolate(frames, (height, width), mode=mode, align_corners=align_corners)
    b = frames.shape[0]
    rows = _resize(rearrange(frames, "b c f h w -> (b f) c h w"), height, width, mode, align_corners)
    return rearrange(rows, "(b f) c h w -> b c f h w", b=b)


def pad_to_multiple(frames: Float[Tensor, "N C H W"], multiple: int) -> Float[Tensor, "N C h w"]:
    """Repeats the last row and column until height and width are multiples of ``multiple``."""
    h, w = frames.shape[-2:]
    bottom, right = -h % multiple, -w % multiple
    return F.pad(frames, (0, right, 0, bottom), mode="replicate") if bottom or right else frames
