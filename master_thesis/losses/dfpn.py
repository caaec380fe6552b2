"""The loss of DFPN."""

from __future__ import annotations

from jaxtyping import Bool, Float
from torch import Tensor

from master_thesis.losses.region import region_l1
from master_thesis.ops.affine import affine_grid
from master_thesis.ops.grid import inside, warp
from master_thesis.ops.image import resize, resize_mask
from master_thesis.ops.views import Views
from master_thesis.records import FlowPrediction, Losses


def dfpn_losses(
    views: Views,
    prediction: FlowPrediction,
    true_correlation: Float[Tensor, "B F t t r r"],
    movement: Float[Tensor, "B F 3 3"],
    is_simulated: Bool[Tensor, " B"],
) -> Losses:
    """DFPN's loss. The parts of the true flow are left out where no clip of the batch is simulated.

    Args:
        views: target and references.
        prediction: what DFPN made of them, masked.
        true_correlation: the correlation of the frames without masks.
        movement: of every reference, target to reference in the unit square (see ``Clip``).
        is_simulated: the clips whose movement is known.
    """
    parts = {"correlation": (prediction.correlation - true_correlation).abs().mean()}
    if is_simulated.any():
        for name, grid in (("16", prediction.grid_16), ("64", prediction.grid_64), ("256", prediction.grid_256)):
            true_grid = affine_grid(movement[is_simulated], *grid.shape[2:4])
            parts[f"flow_{name}"] = (grid[is_simulated] - true_grid).abs().mean()
    for name, grid in (("64", prediction.grid_64), ("256", prediction.grid_256)):
        parts[f"alignment_{name}"] = alignment_loss(views, grid)
    return Losses(parts)


def alignment_loss(views: Views, grid: Float[Tensor, "B F n n 2"]) -> Float[Tensor, ""]:
    """L1 between the target and the references sampled at ``grid``, at the size of the grid.

    It counts the pixels that are visible in the target, land inside the reference and are visible there. True frames
    are compared: on those pixels they are the masked ones, without the fill that bilinear sampling mixes in.
    """
    size = tuple(grid.shape[2:4])
    target, mask_target = resize(views.target.unsqueeze(2), *size), resize_mask(views.mask_target.unsqueeze(2), *size)
    refs, mask_refs = resize(views.refs, *size), resize_mask(views.mask_refs, *size)
    counts = (1 - mask_target) * warp(1 - mask_refs, grid.detach(), mode="nearest") * inside(grid)
    return region_l1(warp(refs, grid), target.expand_as(refs), counts)
