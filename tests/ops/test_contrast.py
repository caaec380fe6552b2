"""What stands out of plain surroundings is toned down in a hole; fine detail that looks like them stays."""

import cv2
import numpy as np
import pytest

from master_thesis.ops import contrast as bands
from master_thesis.ops.membrane import membrane

HOLE = np.zeros((72, 90), bool)
HOLE[20:52, 30:62] = True
INSIDE = np.s_[26:46, 36:56]


def grain(strength, seed=0):
    noise = np.random.default_rng(seed).normal(0, strength, (*HOLE.shape, 1))
    return (120 + np.repeat(noise, 3, axis=2)).astype(np.float32)


def fence():
    """Posts, eight pixels apart."""
    posts = np.where(np.arange(HOLE.shape[1]) // 4 % 2, 170, 70)
    return np.broadcast_to(posts[None, :, None], (*HOLE.shape, 3)).astype(np.float32)


def limit_contrast(picture, hole):
    """With a membrane as the guess."""
    return bands.limit_contrast(picture, hole, membrane(picture, ~hole))


def contrast(picture):
    return float(picture[INSIDE].std())


def test_a_fence_in_a_plain_wall_is_toned_down_to_the_grain_of_the_wall():
    wall = grain(3)
    limited = limit_contrast(np.where(HOLE[..., None], fence(), wall), HOLE)
    assert contrast(fence()) > 45
    assert contrast(limited) < 8


@pytest.mark.parametrize("texture", [grain(20), fence()], ids=["grain", "fence"])
def test_what_looks_like_its_surroundings_keeps_most_of_its_contrast(texture):
    limited = limit_contrast(texture, HOLE)
    assert 0.8 * contrast(texture) < contrast(limited) <= contrast(texture)


def test_flat_fills_and_tones_stay():
    flat = np.where(HOLE[..., None], 120, grain(20)).astype(np.float32)
    assert np.abs(limit_contrast(flat, HOLE) - flat)[INSIDE].max() < 2
    ramp = np.broadcast_to(np.linspace(40, 200, 90, dtype=np.float32)[None, :, None], (72, 90, 3))
    assert np.abs(limit_contrast(ramp, HOLE) - ramp)[INSIDE].max() < 4  # of 160 levels: membranes are coarse


def test_detail_is_kept_and_the_guess_gains_with_coarseness():
    hole, middle = np.zeros((240, 240), bool), np.s_[90:150, 90:150]
    hole[40:200, 40:200] = True
    noise = np.random.default_rng(0).normal(0, 1, (240, 240))
    for sigma, least, most in ((0.5, 0.9, 1.0), (4, 0.5, 0.85), (40, 0.15, 0.4)):
        texture = cv2.GaussianBlur(noise, (0, 0), sigma)
        texture = 120 + 20 * np.dstack([texture / texture[middle].std()] * 3).astype(np.float32)
        limited = bands.limit_contrast(texture, hole, np.full_like(texture, 120))
        assert least < limited[middle].std() / texture[middle].std() <= most


def test_known_pixels_stay_to_the_bit_and_the_border_has_no_step():
    picture = np.where(HOLE[..., None], fence(), grain(3))
    before = picture.copy()
    limited = limit_contrast(picture, HOLE)
    assert np.array_equal(limited[~HOLE], picture[~HOLE])
    assert np.array_equal(picture, before)
    edge = np.s_[20, 30:62]
    assert np.abs(limited[edge] - picture[edge]).max() < np.abs(limited[INSIDE] - picture[INSIDE]).max() / 2


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (20, 20)])
def test_pictures_that_are_all_hole_or_tiny(shape):
    picture = np.random.default_rng(0).uniform(0, 255, (*shape, 3)).astype(np.float32)
    everything = np.ones(shape, bool)
    assert np.allclose(limit_contrast(picture, everything), picture, atol=1e-3)
    assert np.isfinite(limit_contrast(picture, ~everything)).all()


@pytest.mark.parametrize("sigma", bands.SCALES_PX)
def test_wide_blurs_are_close_to_those_of_the_full_size(sigma):
    y, x = np.mgrid[:120, :151]
    noise = np.random.default_rng(0).normal(0, 10, (120, 151, 3))
    scene = (120 + 40 * np.sin(x / 9)[..., None] + np.where(y > 50, 20, 0)[..., None] + noise).astype(np.float32)
    error = np.abs(bands._blurred(scene, sigma) - cv2.GaussianBlur(scene, (0, 0), sigma))
    assert error[32:-32, 32:-32].mean() < 0.01 * scene.std()
