"""Homographies from pictures, against pictures made by one: a sum of waves is known at every point."""

import pytest
import torch

from master_thesis.ops import lucas_kanade
from master_thesis.ops.homography import apply_homography, centred_points, homography_flow
from master_thesis.ops.lucas_kanade import GradientImage, photometric_error, refine_homography

SIZE = 96
TRUE = torch.tensor([[[1.02, 0.03, -0.02], [-0.02, 0.99, 0.015], [0.03, -0.02, 1.0]]]).double()
NEAR = TRUE + torch.tensor([[[0.004, -0.003, 0.012], [0.003, 0.002, -0.01], [0.005, 0.004, 0.0]]])
PX = 1 / SIZE


def scene(points: torch.Tensor) -> torch.Tensor:
    """Brightness at points, as RGB in [0, 1]."""
    x, y = points.unbind(-1)
    waves = (23 * x).sin() + (31 * y + 1).sin() + (17 * x + 19 * y).sin() + (40 * x - 13 * y + 2).sin()
    return (0.5 + waves / 10).float().view(1, 1, SIZE, SIZE).expand(-1, 3, -1, -1)


@pytest.fixture
def pictures() -> tuple[torch.Tensor, torch.Tensor]:
    """A target, and a reference that shows each of its points where ``TRUE`` leads."""
    points = centred_points(SIZE, SIZE)
    return scene(points), scene(apply_homography(TRUE.inverse(), points))


def error_px(matrix: torch.Tensor) -> float:
    difference = homography_flow(matrix, SIZE, SIZE) - homography_flow(TRUE, SIZE, SIZE)
    return float(difference.norm(dim=1).mean() / PX)


def test_a_homography_off_by_a_pixel_is_refined_to_a_fiftieth(pictures: tuple[torch.Tensor, torch.Tensor]) -> None:
    known = torch.ones(1, 1, SIZE, SIZE)
    assert error_px(NEAR) > 1.0
    assert (
        error_px(refine_homography(NEAR, GradientImage.of(pictures[0], known), GradientImage.of(pictures[1], known)))
        < 0.02
    )


def test_large_images_are_subsampled(
    pictures: tuple[torch.Tensor, torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lucas_kanade, "MAX_PIXELS", SIZE**2 // 9)
    known = torch.ones(1, 1, SIZE, SIZE)
    assert (
        error_px(refine_homography(NEAR, GradientImage.of(pictures[0], known), GradientImage.of(pictures[1], known)))
        < 0.03
    )


def test_the_better_homography_has_the_smaller_error(pictures: tuple[torch.Tensor, torch.Tensor]) -> None:
    known, one = torch.ones(1, 1, SIZE, SIZE), torch.eye(3).unsqueeze(0)
    costs = [
        float(photometric_error(m, GradientImage.of(pictures[0], known), GradientImage.of(pictures[1], known)))
        for m in (TRUE, NEAR, one)
    ]
    assert 0 <= costs[0] < 0.1 * costs[1] < 0.1 * costs[2] < 0.1


def test_images_that_hardly_overlap_have_the_largest_error(pictures: tuple[torch.Tensor, torch.Tensor]) -> None:
    known, apart = torch.ones(1, 1, SIZE, SIZE), torch.eye(3).unsqueeze(0).clone()
    apart[0, 0, 2] = 0.95
    target = GradientImage.of(pictures[0], known)
    assert float(photometric_error(apart, target, target)) == 1
    assert float(photometric_error(torch.full((1, 3, 3), torch.nan), target, target)) == 1


def test_brightness_and_outliers_are_tolerated(pictures: tuple[torch.Tensor, torch.Tensor]) -> None:
    target, ref = pictures[0].clone(), pictures[1] * 0.9 + 0.06
    target[..., 20:45, 30:60] = 1.0
    known = torch.ones(1, 1, SIZE, SIZE)
    assert error_px(refine_homography(NEAR, GradientImage.of(target, known), GradientImage.of(ref, known))) < 0.05


def test_holes_have_no_influence(pictures: tuple[torch.Tensor, torch.Tensor]) -> None:
    known = torch.ones(1, 1, SIZE, SIZE)
    known[..., 30:70, 20:50] = 0
    found = []
    for colour in (0.0, 1.0):
        target, ref = (torch.where(known > 0, picture, colour) for picture in pictures)
        found.append(refine_homography(NEAR, GradientImage.of(target, known), GradientImage.of(ref, known)))
    assert error_px(found[0]) < 0.05
    torch.testing.assert_close(found[0], found[1], atol=1e-6, rtol=0)


@pytest.mark.parametrize("visible", [0.0, 1.0])
def test_featureless_images_leave_the_homography_unchanged(visible: float) -> None:
    flat, known = torch.full((1, 3, SIZE, SIZE), 0.5), torch.full((1, 1, SIZE, SIZE), visible)
    torch.testing.assert_close(
        refine_homography(NEAR, GradientImage.of(flat, known), GradientImage.of(flat, known)), NEAR
    )


def test_an_impossible_start_is_returned_unchanged(pictures: tuple[torch.Tensor, torch.Tensor]) -> None:
    """Its horizon runs through the frame: positions are infinite there."""
    broken = torch.tensor([[[1.0, 0, 0], [0, 1, 0], [4.0, 0, 1.0]]]).double()
    known = torch.ones(1, 1, SIZE, SIZE)
    result = refine_homography(broken, GradientImage.of(pictures[0], known), GradientImage.of(pictures[1], known))
    assert torch.isfinite(result).all()


def test_pairs_are_independent(pictures: tuple[torch.Tensor, torch.Tensor]) -> None:
    known = torch.ones(2, 1, SIZE, SIZE)
    targets, refs = (torch.cat((p, p.flip(-1))) for p in pictures)
    both = refine_homography(NEAR.expand(2, -1, -1), GradientImage.of(targets, known), GradientImage.of(refs, known))
    alone = refine_homography(NEAR, GradientImage.of(targets[:1], known[:1]), GradientImage.of(refs[:1], known[:1]))
    torch.testing.assert_close(both[:1], alone)


def test_a_step_that_moves_nothing_is_the_last(
    pictures: tuple[torch.Tensor, torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    known, steps = torch.ones(1, 1, SIZE, SIZE), []
    taken = lucas_kanade._Residual.gauss_newton_step
    monkeypatch.setattr(lucas_kanade._Residual, "gauss_newton_step", lambda self: steps.append(0) or taken(self))
    images = [GradientImage.of(picture, known) for picture in pictures]
    found = refine_homography(NEAR, *images, num_steps=20)
    assert len(steps) < 8
    assert error_px(found) < 0.02
    steps.clear()
    refine_homography(found, *images, num_steps=20)
    assert len(steps) == 1
