"""What the speed benchmarks share: networks of the thesis' sizes, a moving scene, a camera that stands still."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

from master_thesis.checkpoints.loading import make_network
from master_thesis.models.aligner import alignment_from_grid
from master_thesis.records import MaskedFrames
from master_thesis.ops.grid import identity_grid
from master_thesis.ops.image import fill_holes
from master_thesis.ops.precision import autocast

Rows = Iterator[dict[str, Any]]
SIZE = (240, 480)
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
"""Where everything is measured."""
BF16, FP32 = "bf16-mixed", "32-true"


class StillCamera(torch.nn.Module):
    """Leaves every reference where it is."""

    def align(self, x_target, m_target, x_refs, m_refs):  # type: ignore[no-untyped-def]
        b, _, f, h, w = x_refs.shape
        grid = identity_grid(h, w).to(x_refs.device).expand(b, f, h, w, 2)
        return alignment_from_grid(grid, 1 - m_target, MaskedFrames(x_refs, 1 - m_refs))


def moving_scene(num_frames: int, size: tuple[int, int], num_holes: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A camera that moves over a smooth picture; a box of a fifteenth of the frame crosses the middle frames."""
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
    torch.manual_seed(0)
    return make_network(kind, {}).eval().requires_grad_(False).to(DEVICE)


def cast_to(precision: str, run: Callable[[], object]) -> Callable[[], object]:
    """The same in another precision, one of Lightning's names."""

    def inside() -> object:
        with autocast(DEVICE, precision):
            return run()

    return inside
