"""What is measured of an aligner: how much of the references it brings into view, and its error where motion is known.

The alignment loss counts only pixels that land inside a reference, so it is smallest for an aligner that moves every
pixel outside. The share of counted pixels shows that, and the end-point error on simulated clips cannot be deceived.
"""

from __future__ import annotations

import zlib
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from jaxtyping import Float
from torch import Tensor

from master_thesis.data.movement import random_movement
from master_thesis.losses.dfpn import alignment_loss, counted_pixels
from master_thesis.models.aligner import Aligner
from master_thesis.ops.affine import affine_grid
from master_thesis.ops.grid import distance_px, inside
from master_thesis.ops.image import to_float
from master_thesis.ops.precision import in_full_precision
from master_thesis.records import Alignment, Clip

MOVEMENT = (50.0, 0.10, 0.20)
"""Largest translation (px), change of scale and rotation (rad) of a step: always those of DFPN's training."""
FILM_SIZE = (480, 854)
"""Height and width of the film whose pixels are the unit of the translation."""
SEED = 2020


@torch.no_grad()
def alignment_quality(aligner: Aligner, clip: Clip) -> dict[str, Tensor]:
    """Measures an aligner on a batch of clips, whatever its losses are.

    Returns:
        ``alignment``: L1 of true frames where they can be compared; ``counted_share``: the share of those pixels;
        ``epe_px``: mean end-point error on the same targets, moved by simulation. Empty if the aligner has no grid.
    """
    target, refs = clip.split()
    grid = _align(aligner, clip).grid
    if grid is None:
        return {}
    moved = simulate(clip)
    return {
        "alignment": alignment_loss(target, refs, grid),
        "counted_share": _mean(counted_pixels(target, refs, grid)),
        "epe_px": end_point_error(_align(aligner, moved), moved),
    }


def simulate(clip: Clip) -> Clip:
    """Replaces the references of every clip by its target, moved at random, always in the same way; masks stay.

    Beyond its border the target is mirrored, as in training.
    """
    frames, (height, width) = to_float(clip.frames), clip.frames.shape[-2:]
    chains = [random_movement(_generator(m), clip.num_frames, MOVEMENT, FILM_SIZE) for m in clip.mask]
    movement = torch.from_numpy(np.stack(chains)).to(clip.movement)
    back = affine_grid(torch.linalg.inv(movement), height, width)
    still = repeat(frames[:, :, clip.target_index], "b c h w -> (b f) c h w", f=clip.num_frames)
    grids = rearrange(back, "b f h w xy -> (b f) h w xy").to(still)
    moved = F.grid_sample(still, grids, padding_mode="reflection", align_corners=True)
    shown = rearrange(moved, "(b f) c h w -> b c f h w", f=clip.num_frames)
    is_simulated = torch.ones_like(clip.is_simulated)
    return replace(clip, frames=shown.contiguous(), movement=movement, is_simulated=is_simulated)


@in_full_precision
def end_point_error(alignment: Alignment, clip: Clip) -> Float[Tensor, ""]:
    """Mean distance from the true positions, in px of the frames, over the pixels that the references show."""
    assert alignment.grid is not None
    true = affine_grid(clip.movement[:, clip.ref_indices], *alignment.grid.shape[2:4]).to(alignment.grid)
    return distance_px(alignment.grid, true)[inside(true).squeeze(1)].mean()


def _align(aligner: Aligner, clip: Clip) -> Alignment:
    target, refs = clip.split()
    return aligner.align_encoded(*aligner.encode_clips(target.masked, refs.masked))


def _generator(mask: Tensor) -> np.random.Generator:
    """A source of randomness that depends on the masks of a clip alone, not on the batch or process it is in."""
    return np.random.default_rng((SEED, zlib.crc32(mask.cpu().numpy().tobytes())))


@in_full_precision
def _mean(values: Tensor) -> Float[Tensor, ""]:
    return values.mean()
