"""The camera's homography, against pictures that OpenCV has moved by one."""

import cv2
import numpy as np
import pytest
import torch

from master_thesis.models.small.camera import CameraViews, GreyFrames, camera_motion, feature_motion
from master_thesis.ops.homography import from_pixels, homography_flow
from master_thesis.records import MaskedFrames

HEIGHT, WIDTH = 120, 160
MOTION = np.array([[1.05, 0.03, 38.0], [-0.02, 1.02, -9.0], [1e-4, 0.0, 1.0]])
"""A quarter of the width: far beyond what refining alone could reach."""


def shown(picture: np.ndarray) -> MaskedFrames:
    colours = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255
    return MaskedFrames(colours, torch.ones(1, 1, *picture.shape[:2]))


@pytest.fixture
def pictures() -> tuple[np.ndarray, np.ndarray]:
    """A textured reference, and the target that sees each of its points where ``MOTION`` leads."""
    noise = np.random.default_rng(0).integers(0, 256, (HEIGHT // 4, WIDTH // 4, 3)).astype(np.uint8)
    ref = cv2.GaussianBlur(cv2.resize(noise, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST), (0, 0), 1.5)
    target = cv2.warpPerspective(ref, MOTION, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP)
    return target, ref


def inside() -> torch.Tensor:
    ones = np.ones((HEIGHT, WIDTH), np.uint8)
    seen = cv2.warpPerspective(ones, MOTION, (WIDTH, HEIGHT), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP)
    return torch.from_numpy(cv2.erode(seen, np.ones((5, 5), np.uint8)))[None, None].float()


def error_px(matrix: torch.Tensor) -> float:
    true = from_pixels(torch.from_numpy(MOTION)[None], HEIGHT, WIDTH)
    difference = homography_flow(matrix, HEIGHT, WIDTH) - homography_flow(true, HEIGHT, WIDTH)
    return float((difference * torch.tensor([WIDTH, HEIGHT]).view(1, 2, 1, 1)).norm(dim=1).mean())


def views(frames: MaskedFrames) -> CameraViews:
    return CameraViews(GreyFrames.of(frames), frames.pooled(2), frames)


def found(target: MaskedFrames, ref: MaskedFrames) -> torch.Tensor:
    return camera_motion(torch.eye(3).unsqueeze(0), views(target), views(ref))


def test_a_far_movement_is_found_to_a_fraction_of_a_pixel(pictures: tuple[np.ndarray, np.ndarray]) -> None:
    target, ref = (shown(picture) for picture in pictures)
    target = MaskedFrames(target.colours, inside())
    assert error_px(torch.eye(3).unsqueeze(0)) > 30
    assert error_px(feature_motion(GreyFrames.of(target), GreyFrames.of(ref))) < 1
    assert error_px(found(target, ref)) < 0.1


def test_holes_have_no_influence(pictures: tuple[np.ndarray, np.ndarray]) -> None:
    target, ref = (shown(picture) for picture in pictures)
    known = inside()
    known[..., 40:80, 30:70] = 0
    results = [found(MaskedFrames(torch.where(known > 0, target.colours, c), known), ref) for c in (0.2, 0.9)]
    assert error_px(results[0]) < 0.2
    torch.testing.assert_close(results[0], results[1], atol=2e-3, rtol=0)


def test_the_learned_fit_is_used_where_there_are_no_features() -> None:
    flat = MaskedFrames(torch.full((1, 3, HEIGHT, WIDTH), 0.5), torch.ones(1, 1, HEIGHT, WIDTH))
    assert torch.isfinite(found(flat, flat)).all()
    hidden = MaskedFrames(flat.colours, torch.zeros(1, 1, HEIGHT, WIDTH))
    assert torch.isfinite(found(hidden, hidden)).all()


def test_the_learned_fit_wins_where_it_agrees_better(pictures: tuple[np.ndarray, np.ndarray]) -> None:
    """Features are taken away by a blur; what is left fits the true movement alone."""
    blurred = [cv2.GaussianBlur(picture, (0, 0), 9) for picture in pictures]
    target, ref = (shown(picture) for picture in blurred)
    target = MaskedFrames(target.colours, inside())
    unit = torch.from_numpy(np.diag([1 / WIDTH, 1 / HEIGHT, 1.0]))
    corner = torch.tensor([[1.0, 0, -0.5], [0, 1, -0.5], [0, 0, 1]]).double()  # pixel centres
    true = unit @ torch.linalg.inv(corner) @ torch.from_numpy(MOTION) @ corner @ torch.linalg.inv(unit)
    learned = (true / true[2, 2]).float().unsqueeze(0)
    with_it = camera_motion(learned, views(target), views(ref))
    assert error_px(with_it) < 2
