"""Reflections below an object are found where the ground mirrors it, in the whole scene or not at all."""

import numpy as np
import pytest

from master_thesis.masking.reflections import ReflectionFinder
from stress.videos import panorama

SIZE, NUM_FRAMES = (96, 160), 18


def clip(strength, upside_down=True):
    """A disc of two colours that moves right and is mirrored below, before a moving camera; masks, and the truth."""
    wide = panorama(SIZE[0], SIZE[1] + 2 * NUM_FRAMES) // 2 + 90
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    frames, masks, truth = [], [], []
    for t in range(NUM_FRAMES):
        disc = ((x - 24 - 6.5 * t) / 11) ** 2 + ((y - 34) / 14) ** 2 <= 1
        colours = np.where((y < 34)[..., None], (230, 40, 20), (20, 40, 160)).astype(np.float32)
        mirrored = colours[2 * 48 - np.clip(y, 1, 96), x] if upside_down else colours * 0 + (20, 200, 40)
        below = (((x - 24 - 6.5 * t) / 11) ** 2 + ((y - 62) / 14) ** 2 <= 1) & ~disc
        frame = wide[:, 2 * t : 2 * t + SIZE[1]].astype(np.float32)
        frame[below] = (1 - strength) * frame[below] + strength * mirrored[below]
        frame[disc] = colours[disc]
        frames.append(frame.round().astype(np.uint8))
        masks.append(disc)
        truth.append(below)
    return frames, masks, truth


def found_in(frames, masks):
    return list(ReflectionFinder(frames.__getitem__, masks.__getitem__, range(len(frames))).found())


@pytest.mark.parametrize("strength", [0.3, 0.5])
def test_a_reflection_is_found(strength):
    frames, masks, truth = clip(strength)
    found = found_in(frames, masks)
    overlaps = [(a & b).sum() / (a | b).sum() for a, b in zip(found, truth, strict=True)]
    assert np.mean(overlaps) > 0.7
    assert not any((a & b).any() for a, b in zip(found, masks, strict=True))


@pytest.mark.parametrize(("strength", "upside_down"), [(0.0, True), (0.4, False)])
def test_nothing_else_is_taken_for_one(strength, upside_down):
    assert not np.any(found_in(*clip(strength, upside_down)[:2]))


def test_places_that_show_the_ground_are_left_out():
    frames, masks, _ = clip(0.5)
    plain = clip(0.0)[0]
    for frame, other in zip(frames, plain, strict=True):
        frame[64:] = other[64:]  # a mat that does not reflect
    found = found_in(frames, masks)
    assert np.mean([each[:60].sum() for each in found]) > 100
    assert np.mean([each[70:].sum() for each in found]) < 40


def test_without_other_frames_the_background_is_unknown():
    frames, masks, _ = clip(0.5)
    assert not np.any(found_in(frames[:3], masks[:3]))


def test_frames_without_the_object_have_none():
    frames, masks, _ = clip(0.5)
    masks = [np.zeros(SIZE, bool) if t % 3 == 0 else mask for t, mask in enumerate(masks)]
    found = found_in(frames, masks)
    assert not np.any(found[::3])
    assert np.any(found[1::3])
