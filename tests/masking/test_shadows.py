"""Shadows that move with an object are found; what is darker for another reason, or of another hue, is not."""

import cv2
import numpy as np
import pytest

from master_thesis.masking import shadows
from master_thesis.masking.shadows import APART_PX, ShadowFinder
from master_thesis.ops.mask import widened
from stress.videos import panorama

SIZE, NUM_FRAMES = (96, 160), 16


def ellipse(x, y, a, b):
    mask = np.zeros(SIZE, np.uint8)
    cv2.ellipse(mask, (round(x), round(y)), (a, b), 0, 0, 360, 1, cv2.FILLED)
    return mask > 0


def clip(shade, moves=True, speed=2):
    """A red disc, and beside it what dims the ground, before a camera that moves right; with masks and the truth."""
    wide = panorama(SIZE[0], SIZE[1] + speed * NUM_FRAMES) // 2 + 90
    frames, masks, shadows = [], [], []
    for t in range(NUM_FRAMES):
        x = 30 + 6 * t
        disc = ellipse(x, 45, 11, 14)
        beside = ellipse(x + 9 if moves else 90 - speed * t, 62, 16, 6) & ~disc
        frame = wide[:, speed * t : speed * t + SIZE[1]].astype(np.float32)
        frame[beside] *= shade
        frame[disc] = (220, 30, 20)
        frames.append(frame.round().astype(np.uint8))
        masks.append(disc)
        shadows.append(beside)
    return frames, masks, shadows


def found_in(frames, masks):
    return list(ShadowFinder(frames.__getitem__, masks.__getitem__, range(len(frames))).found())


def similarity(a, b):
    return (a & b).sum() / (a | b).sum()


@pytest.mark.parametrize("shade", [0.6, (0.4, 0.47, 0.55)])
def test_a_shadow_is_found_grey_or_lit_by_the_sky(shade):
    frames, masks, shadows = clip(shade)
    found = found_in(frames, masks)
    assert np.mean([similarity(a, b) for a, b in zip(found, shadows, strict=True)]) > 0.7
    assert not any((a & b).any() for a, b in zip(found, masks, strict=True))


@pytest.mark.parametrize(("num_frames", "speed", "least"), [(10, 2, 0.7), (NUM_FRAMES, 10, 0.5)])
def test_near_frames_tell_where_distant_ones_are_missing_or_show_other_ground(num_frames, speed, least):
    frames, masks, shadows = (each[:num_frames] for each in clip(0.6, speed=speed))
    found = found_in(frames, masks)
    assert np.mean([similarity(a, b) for a, b in zip(found, shadows, strict=True)]) > least


@pytest.mark.parametrize(("shade", "moves"), [(1.0, True), (0.6, False), ((0.8, 0.4, 0.3), True)], ids=str)
def test_nothing_else_is_taken_for_a_shadow(shade, moves):
    frames, masks, _ = clip(shade, moves)
    found = found_in(frames, masks)
    assert np.mean([a.sum() / b.sum() for a, b in zip(found, masks, strict=True)]) < 0.05


def test_without_other_frames_the_background_is_unknown():
    frames, masks, _ = clip(0.6)
    assert not np.any(found_in(frames[:3], masks[:3]))


def test_the_background_is_the_lower_median_of_what_other_frames_show(monkeypatch):
    monkeypatch.setattr(shadows, "tracked_motion", lambda *pictures: np.eye(3))
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 256, (*SIZE, 3), dtype=np.uint8) for _ in range(NUM_FRAMES)]
    masks = [ellipse(20 + 8 * t, 45, 11, 14) for t in range(NUM_FRAMES)]
    finder = ShadowFinder(frames.__getitem__, masks.__getitem__, range(NUM_FRAMES))
    background, is_known = finder.background(5)
    seen = {t: np.where(widened(masks[t], APART_PX)[..., None], np.nan, frames[t]) for t in (9, 13, 1, 7, 11, 3)}
    far, all_of_them = np.stack([seen[t] for t in (9, 13, 1)]), np.stack(list(seen.values()))
    expected = np.where(np.isnan(far).any(axis=0), lower_median(all_of_them), lower_median(far))
    assert is_known.all()
    assert np.array_equal(background, expected)


def lower_median(samples):
    return np.nanquantile(samples, 0.5, axis=0, method="lower")


def test_frames_without_the_object_have_no_shadow():
    frames, masks, _ = clip(0.6)
    masks = [np.zeros(SIZE, bool) if t % 2 else mask for t, mask in enumerate(masks)]
    assert not np.any(found_in(frames, masks)[1::2])
