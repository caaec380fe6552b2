"""Outlines of coarse masks come closer to the true ones; everything far from them stays."""

import cv2
import numpy as np
import pytest

from master_thesis.masking import refining
from master_thesis.masking.carrying import load_carrier, overlap
from master_thesis.masking.edges import fitted
from master_thesis.masking.finishing import UNSURE
from master_thesis.masking.generous import widened
from master_thesis.masking.refining import REACH_PX, Refiner, corrected, refine_masks, scale_for
from master_thesis.masking.spans import FrameMask
from master_thesis.masking.steadying import steady_masks
from master_thesis.runtime.ahead import one_ahead
from stress.videos import panorama

SIZE, SMALL = (240, 320), (60, 80)


@pytest.fixture(scope="module")
def clip():
    """A star with a texture of its own that moves before a panorama, and its masks."""
    scene, look = panorama(*SIZE), panorama(*SIZE, seed=7)[..., ::-1] // 2 + 100
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    frames, masks = [], []
    for t in range(3):
        angle, radius = np.arctan2(y - 120, x - 150 - 6 * t), np.hypot(y - 120, x - 150 - 6 * t)
        star = radius < 70 + 18 * np.cos(9 * angle)
        frames.append(np.where(star[..., None], np.roll(look, 6 * t, axis=1), scene))
        masks.append(star.astype(np.float32))
    return frames, masks


def coarse(mask):
    """A mask with 4 pixels too much all around."""
    wide = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9)))
    return cv2.resize(cv2.blur(wide, (5, 5)), SMALL[::-1], interpolation=cv2.INTER_AREA)


def enlarged(mask):
    return cv2.resize(mask, SIZE[::-1], interpolation=cv2.INTER_LINEAR)


def refined(frames, key, mask):
    """The mask of frame 1 with a new outline, by the mask of frame 0."""
    refiner = Refiner(load_carrier(), frames.__getitem__, {0: key})
    return refiner.draw(refiner.look(FrameMask(1, mask, 0.5))).mask


def test_outlines_of_coarse_masks_come_closer_to_the_true_ones(clip):
    frames, masks = clip
    carried = [FrameMask(t, coarse(masks[t]), 0.5 + t / 10) for t in (1, 2)]
    found = list(refine_masks(carried, load_carrier(), frames.__getitem__, {0: masks[0]}))
    assert [(each.frame, each.confidence) for each in found] == [(1, 0.6), (2, 0.7)]
    for before, each in zip(carried, found, strict=True):
        lack = 1 - overlap(enlarged(before.mask), masks[each.frame])
        assert 1 - overlap(each.mask, masks[each.frame]) < 0.85 * lack


def test_frames_that_are_drawn_at_once_are_drawn_as_one_by_one(clip):
    frames, masks = clip
    carried = [FrameMask(t, coarse(masks[t]), 0.5) for t in (1, 2, 1, 2)]
    refiner = Refiner(load_carrier(), frames.__getitem__, {0: masks[0]})
    drawn = list(one_ahead(refiner.draw(refiner.look(each)) for each in carried))
    assert len({each.mask.tobytes() for each in drawn}) == len(carried), "what is compared with should change"
    expected = steady_masks(drawn, frames.__getitem__, {0: masks[0]})
    found = refine_masks(carried, load_carrier(), frames.__getitem__, {0: masks[0]})
    assert all((a.mask == b.mask).all() for a, b in zip(expected, found, strict=True))


def test_what_is_far_from_the_outline_stays():
    mask, found = np.zeros(SIZE, np.float32), np.ones(SIZE, np.float32)
    mask[:, :160] = 0.9
    fine = corrected(mask, found)
    far = np.s_[:, 160 + REACH_PX + 2 :]
    assert (fine[far] == mask[far]).all()
    assert (fine[:, : 160 - REACH_PX - 2] == mask[:, : 160 - REACH_PX - 2]).all()
    assert fine[:, 160:163].min() > 0.4


def test_what_key_frames_show_and_the_network_does_not_find_is_unsure(clip):
    frames, masks = clip
    ropes = np.zeros(SIZE, np.float32)
    ropes[5:235, 40:44] = 1
    mask = cv2.resize(masks[1], SMALL[::-1], interpolation=cv2.INTER_AREA)
    plain, roped = (refined(frames, np.maximum(masks[0], more), mask) for more in (0 * ropes, ropes))
    there = np.s_[10:60, 46:50]
    assert plain[there].max() < 0.05
    assert roped[there].max() == pytest.approx(UNSURE)
    assert (roped[there] > 0.05).mean() > 0.9


def test_masks_are_as_generous_as_those_of_the_key_frames(clip, monkeypatch):
    frames, masks = clip
    mask = cv2.resize(masks[1], SMALL[::-1], interpolation=cv2.INTER_AREA)
    tight = refined(frames, masks[0], mask)
    asked = []
    monkeypatch.setattr(refining, "generosity", lambda *known: asked.append(known) or 8)
    wide = refined(frames, masks[0], mask)
    assert (wide == widened(tight, 8)).all()
    (given,), (found,) = asked[0]
    assert (given == masks[0]).all()
    assert overlap(found, masks[0]) > 0.9


def test_a_frame_without_the_object_has_an_empty_mask_of_the_size_of_the_frames(clip):
    frames, masks = clip
    found = refined(frames, masks[0], np.zeros(SMALL, np.float32))
    assert found.shape == SIZE
    assert not found.any()


def test_without_a_key_frame_that_shows_the_object_masks_are_enlarged_and_fitted_alone(clip):
    frames, masks = clip
    mask = coarse(masks[1])
    expected = fitted(frames[1], enlarged(mask))
    assert (refined(frames, 0 * masks[0], mask) == expected).all()


def test_objects_of_similar_size_are_seen_at_the_same_scale():
    scales = [scale_for((slice(0, side), slice(0, side))) for side in range(300, 420)]
    assert len(set(scales)) <= 3
    assert sorted(scales, reverse=True) == scales
    assert max(scales) * 420 <= 1.3 * (240 * 432) ** 0.5
