"""What a few frames show or make up beside their holes is not carried into frames where it is gone."""

import numpy as np
import pytest

from master_thesis.inpainting.motions import Motions
from master_thesis.inpainting.photomontage import Photomontage
from master_thesis.models.painter import SmoothPainter

SIZE, NUM_FRAMES = (96, 128), 12
FRUIT, LEAVES = np.array([200, 40, 50]), np.array([150, 150, 60])


def siding() -> np.ndarray:
    y = np.mgrid[: SIZE[0], : SIZE[1]][0]
    return (140 + 8 * np.cos(y / 9))[..., None] * np.array([0.97, 1, 0.98])


def disc(x: float, y: float, radius: float) -> np.ndarray:
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    return np.hypot(rows - y, columns - x) < radius


def filled(frames: list[np.ndarray], holes: list[np.ndarray]) -> list[np.ndarray]:
    montage = Photomontage(frames, holes, SmoothPainter(), Motions.of(frames, holes))
    result = [frame.astype(np.float32) for frame in frames]
    for t, hole in montage.fill(range(len(frames))):
        result[t][holes[t]] = hole.colours
    return result


def clip(veil: float, num_left_out: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Two fruits that hang still; the first masks leave the upper one out, while leaves pass before it."""
    noise = np.random.default_rng(2).normal(0, 2, (NUM_FRAMES, *SIZE, 1))
    lower, upper, frames, holes = disc(60, 62, 12), disc(70, 42, 12), [], []
    for t in range(NUM_FRAMES):
        frame = np.where((lower | upper)[..., None], FRUIT, siding())
        if t < num_left_out:
            share = veil * disc(78, 34, 32)[..., None]
            frame = share * LEAVES + (1 - share) * frame
        frames.append(np.rint(frame + noise[t]).clip(0, 255).astype(np.uint8))
        holes.append(disc(60, 62, 16) | (disc(70, 42, 16) if t >= num_left_out else False))
    return frames, holes


@pytest.mark.parametrize("veil", [0.5, 0.7])
def test_an_object_that_two_masks_leave_out_behind_leaves_is_not_copied(veil: float) -> None:
    frames, holes = clip(veil, num_left_out=2)
    for t, frame in enumerate(filled(frames, holes)[2:], start=2):
        assert np.abs(frame - siding())[holes[t]].mean() < 10  # the fruit behind leaves: 20
