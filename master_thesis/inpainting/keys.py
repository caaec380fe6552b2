"""The key frame: the one in which what no frame shows is hallucinated first, for those before it and after it.

What is hallucinated continues what surrounds it. So the key frame is the one that holds most of it and shows most of
its surroundings as they usually look: somebody who passes beside a hole should not be continued into it. Frames are
compared in cells, which are moved by the motion of the camera alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Int

from master_thesis.images.reducing import reduce_hole, reduce_image, size_within
from master_thesis.inpainting.motions import Hole, Motions, Picture
from master_thesis.models.classical.homography import scaled
from master_thesis.ops.mask import widened
from master_thesis.ops.pixels import pixels_at

GRID_SIDE = 108
"""Cells along the longer side of a frame."""
AROUND_CELLS = 4
"""Width of the surroundings of what no frame shows."""
MAX_POINTS = 2000
"""So many points of the surroundings are compared at most."""
USUAL_DIFFERENCE = 25.0
"""Largest difference, in grey levels, from what most frames show at a point."""
AS_GOOD = 0.95
"""The first frame is taken that is worth this share of the best one."""


def key_frame(frames: Sequence[Picture], holes: Sequence[Hole], motions: Motions, targets: range) -> int:
    """The target that holds most of what no frame shows, and shows most of its surroundings as they usually look.

    Args:
        frames: RGB in [0, 255].
        holes: of all frames.
        motions: of the frames.
        targets: neighbouring frames.
    """
    size = size_within((holes[0].shape[0], holes[0].shape[1]), GRID_SIDE)
    grids, cameras = [reduce_hole(hole, size) for hole in holes], _cameras(motions, holes, size)
    hidden = _hidden(grids, cameras, targets)
    points = np.concatenate([_points(cells, cameras[t]) for t, cells in zip(targets, hidden, strict=True)])
    if not len(points):
        return targets.start
    held = [_cells(points, grids[t], cameras[t])[1].sum() for t in targets]
    around = [widened(cells, AROUND_CELLS) & ~grids[t] for t, cells in zip(targets, hidden, strict=True)]
    points = np.concatenate([_points(cells, cameras[t]) for t, cells in zip(targets, around, strict=True)])
    points = points[:: -(-len(points) // MAX_POINTS) or 1]
    colours = np.full((len(targets), len(points), 3), np.nan, np.float32)
    for seen, t in zip(colours, targets, strict=True):
        index, is_inside = _cells(points, grids[t], cameras[t])
        is_shown = is_inside & ~grids[t].ravel()[index]
        picture = motions.exposures[t].seen_as(motions.exposures[targets.start], _reduced(frames[t], size))
        seen[is_shown] = picture[index[is_shown]]
    worth = np.multiply(held, _num_usual(colours))
    return targets[int(np.argmax(worth >= AS_GOOD * worth.max()))]


def _cameras(motions: Motions, holes: Sequence[Hole], size: tuple[int, int]) -> list[Float[np.ndarray, "3 3"]]:
    """Maps cells of the first frame to those of each frame; neighbours without holes are taken to be equal."""
    shares, cameras = (size[0] / holes[0].shape[0], size[1] / holes[0].shape[1]), [np.eye(3)]
    for t in range(len(holes) - 1):
        chained = scaled(motions.steps[t].camera, shares) @ cameras[-1] if t in motions.steps else cameras[-1]
        cameras.append(chained / np.linalg.norm(chained))
    return cameras


def _hidden(grids: Sequence[Hole], cameras: Sequence[np.ndarray], targets: range) -> list[Hole]:
    """The cells of each target that no frame shows."""
    points = np.concatenate([_points(grids[t], cameras[t]) for t in targets])
    is_hidden = np.ones(len(points), bool)
    for grid, camera in zip(grids, cameras, strict=True):
        index, is_inside = _cells(points, grid, camera)
        is_hidden &= ~is_inside | grid.ravel()[index]
    result = [np.zeros_like(grids[t]) for t in targets]
    counts = np.cumsum([grids[t].sum() for t in targets])
    for cells, t, some in zip(result, targets, np.split(is_hidden, counts[:-1]), strict=True):
        cells[grids[t]] = some
    return result


def _points(cells: Bool[np.ndarray, "h w"], camera: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "N 3"]:
    """Where some cells of a frame lie in the first one, in homogeneous coordinates."""
    y, x = np.nonzero(cells)
    return np.stack((x, y, np.ones(len(x))), axis=-1) @ np.linalg.inv(camera).T


def _cells(
    points: Float[np.ndarray, "N 3"], grid: Bool[np.ndarray, "h w"], camera: Float[np.ndarray, "3 3"]
) -> tuple[Int[np.ndarray, " N"], Bool[np.ndarray, " N"]]:
    """The cells of a frame in which points of the first frame lie, row by row, and whether they lie in the frame."""
    x, y, scale = camera @ points.T
    scale[np.abs(scale) <= 1e-9] = np.nan
    return pixels_at(np.stack((x, y), axis=-1) / scale[:, None], grid.shape)


def _reduced(frame: Picture, size: tuple[int, int]) -> Float[np.ndarray, "N 3"]:
    return reduce_image(frame, size).reshape(-1, 3).astype(np.float32)


def _num_usual(colours: Float[np.ndarray, "F N 3"]) -> Int[np.ndarray, " F"]:
    """How many points each frame shows as most of those do that show them; NaN: it does not."""
    differences = np.abs(colours - np.nanmedian(colours, axis=0)).max(axis=-1)
    return (differences < USUAL_DIFFERENCE).sum(axis=1)
