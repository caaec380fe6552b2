"""Large shifts are found where little is known in both pictures, and chance is not mistaken for them."""

import cv2
import numpy as np
import pytest

from master_thesis.models.classical.shift import likeliest_shift

SIZE = H, W = 120, 212
EVERYTHING = np.ones(SIZE, bool)


@pytest.fixture(scope="module")
def scene():
    noise = np.random.default_rng(0).normal(128, 400, (2 * H, 3 * W)).astype(np.float32)
    return cv2.GaussianBlur(noise, (0, 0), 6.0).clip(0, 255).astype(np.uint8)


def seen_from(scene, x: int, y: int):
    return scene[60 - y : 60 - y + H, W - x : 2 * W - x]


@pytest.mark.parametrize("shift", [(0, 0), (40, -16), (-120, 30), (150, 0)])
def test_a_shift_is_found_to_a_reduced_pixel(scene, shift: tuple[int, int]) -> None:
    found = likeliest_shift(seen_from(scene, 0, 0), EVERYTHING, seen_from(scene, *shift), EVERYTHING)
    assert np.abs(found - shift).max() <= 2


@pytest.mark.parametrize("shift", [(30, 10), (-60, -8)])
def test_holes_that_stay_where_they_are_do_not_count(scene, shift: tuple[int, int]) -> None:
    """The holes show the same pattern in both, as what is to be removed would."""
    known = EVERYTHING.copy()
    known[20:100, 50:170] = False
    first, second = (np.where(known, seen_from(scene, *s), scene[:H, :W]) for s in ((0, 0), shift))
    assert np.abs(likeliest_shift(first, known, second, known) - shift).max() <= 2


def test_frames_that_show_little_in_common_are_not_matched_by_their_margins(scene) -> None:
    """The lower half has changed: a narrow overlap of margins would correlate better, by chance."""
    changed = seen_from(scene, 16, 0).copy()
    changed[H // 2 :] = scene[-H // 2 :, :W]
    found = likeliest_shift(seen_from(scene, 0, 0), EVERYTHING, changed, EVERYTHING)
    assert np.abs(found - (16, 0)).max() <= 2


@pytest.mark.parametrize("level", [0, 128])
def test_nothing_is_found_in_plain_or_unknown_pictures(level: int) -> None:
    plain = np.full(SIZE, level, np.uint8)
    assert (likeliest_shift(plain, EVERYTHING, plain, EVERYTHING) == 0).all()
    assert (likeliest_shift(plain, ~EVERYTHING, plain, EVERYTHING) == 0).all()
