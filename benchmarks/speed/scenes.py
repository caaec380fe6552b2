"""Inputs of the speed benchmarks: networks of the thesis' sizes and a moving scene."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

from master_thesis.checkpoints.loading import make_network
from master_thesis.ops.image import fill_holes
from master_thesis.ops.precision import autocast

Rows = Iterator[dict[str, Any]]
SIZE = (240, 480)
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
"""The device of all measurements."""
BF16, FP32 = "bf16-mixed", "32-true"


def moving_scene(num_frames: int, size: tuple[int, int], num_holes: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns masked frames and masks of a camera that moves over a smooth picture.

    A hole of a fifteenth of the frame crosses the frames in the middle.
    """
    h, w = size
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(1, 3, h // 8, w // 4, generator=generator)
    picture = torch.nn.functional.interpolate(coarse, (h, 2 * w), mode="bicubic")[0].clamp(0, 1)
    x = torch.stack([picture[:, :, i % w : i % w + w] for i in range(num_frames)], dim=1)
    m = torch.zeros(1, num_frames, h, w)
    for i in range(num_frames // 2 - num_holes // 2, num_frames // 2 - num_holes // 2 + num_holes):
        left = (w // 3 + i * w // 60) % (w - w // 5)
        m[0, i, h // 3 : h // 3 + h // 3, left : left + w // 5] = 1
    return fill_holes(x[None], m[None])[0].to(DEVICE), m.to(DEVICE)


def network(kind: str) -> torch.nn.Module:
    """Returns a network of the thesis' size with random weights."""
    torch.manual_seed(0)
    return make_network(kind, {}).eval().requires_grad_(False).to(DEVICE)


def cast_to(precision: str, run: Callable[[], object]) -> Callable[[], object]:
    """Returns the same function in a precision with one of Lightning's names."""

    def inside() -> object:
        with autocast(DEVICE, precision):
            return run()

    return inside
