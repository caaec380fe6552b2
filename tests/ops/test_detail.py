"""Copies get the detail that they should have; what is not known has no part in it."""

import cv2
import numpy as np
import pytest

from master_thesis.ops.detail import Detail, with_detail

SIZE = (120, 160)
INSIDE = np.s_[36:84, 46:114]


@pytest.fixture
def hole():
    mask = np.zeros(SIZE, bool)
    mask[30:90, 40:120] = True
    return mask


@pytest.fixture
def scene():
    """Texture without noise, as fine as cameras show it."""
    noise = np.random.default_rng(0).normal(0, 60, (*SIZE, 3)).astype(np.float32)
    return (128 + cv2.GaussianBlur(noise, (0, 0), 0.8)).clip(0, 255)


def detail(picture, where=INSIDE):
    grey = cv2.cvtColor(picture.astype(np.float32), cv2.COLOR_RGB2GRAY)
    return np.abs(cv2.Laplacian(grey, cv2.CV_32F))[where].mean()


def between_pixels(picture):
    """Read half a pixel aside, and half a pixel back."""
    x, y = np.meshgrid(np.arange(SIZE[1], dtype=np.float32), np.arange(SIZE[0], dtype=np.float32))
    moved = cv2.remap(picture, x + 0.5, y + 0.5, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return cv2.remap(moved, x - 0.5, y - 0.5, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


def test_detail_that_reading_between_pixels_took_comes_back(hole, scene) -> None:
    soft = np.where(hole[..., None], between_pixels(scene), scene)
    wanted = np.full(SIZE, detail(scene), np.float32)
    result = with_detail(soft, hole, wanted)
    assert (result[~hole] == soft[~hole]).all()
    gained = (detail(result) - detail(soft)) / (detail(scene) - detail(soft))
    assert detail(soft) < 0.9 * detail(scene)
    assert gained == pytest.approx(1, abs=0.12)
    assert np.abs(result - scene)[INSIDE].mean() < 1.25 * np.abs(soft - scene)[INSIDE].mean()


def test_a_copy_that_is_too_sharp_is_softened(hole, scene) -> None:
    result = with_detail(scene, hole, np.full(SIZE, 0.9 * detail(scene), np.float32))
    assert detail(result) == pytest.approx(0.9 * detail(scene), rel=0.02)


def test_a_copy_that_has_its_detail_stays_as_it_is(hole, scene) -> None:
    y, x = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    wanted = Detail.of(scene.astype(np.uint8), np.zeros(SIZE, bool)).at(np.stack((x, y), -1).reshape(-1, 2))
    result = with_detail(scene, hole, wanted.reshape(SIZE))
    assert np.abs(result - scene).mean() < 0.1
    unknown = with_detail(scene, hole, np.full(SIZE, np.nan, np.float32))
    assert (unknown == scene).all()


def test_pixels_without_a_colour_have_no_part_in_it(hole, scene) -> None:
    known = np.ones(SIZE, bool)
    known[50:60, 60:80] = False
    wanted, copied = np.full(SIZE, 2 * detail(scene), np.float32), hole & known
    first, second = (with_detail(np.where(known[..., None], scene, colour), copied, wanted) for colour in (0, 255))
    assert (first != scene)[copied].any()
    assert (first == second)[known].all()


def test_a_step_at_the_border_of_copies_does_not_grow(hole, scene) -> None:
    wanted, lighter = np.full(SIZE, 1.3 * detail(scene), np.float32), np.where(hole[..., None], scene, scene + 40)
    assert (with_detail(lighter, hole, wanted) == with_detail(scene, hole, wanted))[hole].all()


def test_detail_is_that_of_known_pixels(scene) -> None:
    hole = np.zeros(SIZE, bool)
    hole[:, 80:] = True
    masked = np.where(hole[..., None], 0, scene).astype(np.uint8)
    points = np.array([[40, 60], [76, 60], [120, 60]], np.float32)
    measured = Detail.of(masked, hole).at(points)
    np.testing.assert_array_equal(measured[:2], Detail.of(scene.astype(np.uint8), hole).at(points)[:2])
    assert np.isnan(measured[2])
