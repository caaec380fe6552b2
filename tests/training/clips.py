"""Clips made in memory: smooth pictures, moved by a known affine map, with box masks."""

import math

import torch
import torch.nn.functional as F

from master_thesis.ops.affine import affine_grid
from master_thesis.ops.grid import warp
from master_thesis.records import Clip


def smooth_pictures(num, size, seed=0):
    """Random pictures ``(num, 3, size, size)`` in [0, 1] with structure at several scales."""
    generator = torch.Generator().manual_seed(seed)
    scales = [F.interpolate(torch.rand(num, 3, n, n, generator=generator), size, mode="bicubic") for n in (4, 8, 16)]
    return (sum(scales) / 3).clamp(0, 1)


def movements(num, num_frames, seed=0, shift=0.1, scale=0.1, angle=0.15):
    """Affine movements ``(num, num_frames, 3, 3)`` in the unit square about its centre; the target stays."""
    generator = torch.Generator().manual_seed(seed)
    draws = torch.rand(num, num_frames, 4, generator=generator) * 2 - 1
    matrices = torch.eye(3).repeat(num, num_frames, 1, 1)
    for b in range(num):
        for f in range(num_frames):
            if f != num_frames // 2:
                dx, dy, ds, da = draws[b, f].tolist()
                s, a = 1 + scale * ds, angle * da
                turn = torch.tensor([[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]]) * s
                matrices[b, f, :2, :2] = turn
                matrices[b, f, :2, 2] = 0.5 - turn @ torch.tensor([0.5, 0.5]) + shift * torch.tensor([dx, dy])
    return matrices


def make_clip(num=2, num_frames=3, size=64, is_simulated=True, seed=0):
    """A batch of clips; simulated ones move, the others stand still."""
    target = smooth_pictures(num, size, seed)
    movement = movements(num, num_frames, seed) if is_simulated else torch.eye(3).repeat(num, num_frames, 1, 1)
    grids = affine_grid(torch.linalg.inv(movement), size, size)
    frames = warp(target.unsqueeze(2).expand(-1, -1, num_frames, -1, -1), grids)
    mask = torch.zeros(num, 1, num_frames, size, size, dtype=torch.bool)
    for f in range(num_frames):
        start = size // 8 + f * size // 8
        mask[:, :, f, start : start + size // 4, start : start + size // 4] = True
    return Clip(
        (frames * 255).round().byte(), mask, movement, torch.full((num,), is_simulated), tuple("ab"[:num]) or ("a",)
    )
