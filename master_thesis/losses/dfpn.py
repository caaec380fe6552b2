"""The training loss of DFPN."""

from __future__ import annotations

from jaxtyping import Bool, Float
from torch import Tensor

from master_thesis.losses.region import region_l1
from master_thesis.ops.affine import affine_grid
from master_thesis.ops.grid import inside, warp
from master_thesis.ops.precision import in_full_precision
from master_thesis.records import FlowPrediction, Losses, MaskedFrames


@in_full_precision
def dfpn_losses(
    target: MaskedFrames,
    refs: MaskedFrames,
    prediction: FlowPrediction,
    true_correlation: Float[Tensor, "B F t t r r"],
    movement: Float[Tensor, "B F 3 3"],
    is_simulated: Bool[Tensor, " B"],
) -> Losses:
    """DFPN's loss; the parts of the true flow are left out where no clip of the batch is simulated.

    Args:
        target: true targets, ``(B, 3, H, W)``.
        refs: true references, ``(B, 3, F, H, W)``.
        prediction: DFPN's prediction for the masked frames.
        true_correlation: the correlation of the frames without masks.
        movement: of every reference, target to reference in the unit square (see ``Clip``).
        is_simulated: the clips whose movement is known.

    Source: the thesis, training of DFPN.
    """
    parts = {"correlation": (prediction.correlation - true_correlation).abs().mean()}
    coarse, middle, fine = prediction.grid_coarse, prediction.grid_middle, prediction.grid_fine
    if is_simulated.any():
        for name, grid in (("16", coarse), ("64", middle), ("256", fine)):
            true_grid = affine_grid(movement[is_simulated], *grid.shape[2:4])
            parts[f"flow_{name}"] = (grid[is_simulated] - true_grid).abs().mean()
    for name, grid in (("64", middle), ("256", fine)):
        parts[f"alignment_{name}"] = alignment_loss(target, refs, grid)
    return Losses(parts)


@in_full_precision
def alignment_loss(target: MaskedFrames, refs: MaskedFrames, grid: Float[Tensor, "B F h w 2"]) -> Float[Tensor, ""]:
    """L1 between the target and the references sampled at ``grid``, at the size of the grid.

    It counts the pixels that are visible in the target, land inside the reference and are visible there. True frames
    are compared: on those pixels they are the masked ones, without the fill that bilinear sampling would mix in.

    Args:
        target: true targets, ``(B, 3, H, W)``.
        refs: true references, ``(B, 3, F, H, W)``.
        grid: position of each target pixel in each reference.
    """
    height, width = grid.shape[2:4]
    counts = counted_pixels(target, refs, grid)
    target, refs = target.resized(height, width), refs.resized(height, width)
    return region_l1(warp(refs.colours, grid), target.colours.unsqueeze(2).expand_as(refs.colours), counts)


def counted_pixels(
    target: MaskedFrames, refs: MaskedFrames, grid: Float[Tensor, "B F h w 2"]
) -> Float[Tensor, "B 1 F h w"]:
    """The pixels that :func:`alignment_loss` compares: 1 where both frames are known, else 0 (same arguments)."""
    height, width = grid.shape[2:4]
    target, refs = target.resized(height, width), refs.resized(height, width)
    return target.visible.unsqueeze(2) * warp(refs.visible, grid.detach(), mode="nearest") * inside(grid)
