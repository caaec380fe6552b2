"""What flickers follows the frames beside it, where these look the same."""

import numpy as np
import pytest

from master_thesis.masking.carrying import overlap
from master_thesis.masking.finishing import UNSURE
from master_thesis.masking.spans import FrameMask
from master_thesis.masking.steadying import steadied, steady_masks
from stress.videos import panorama

SIZE = (120, 160)
LOOK, SCENE = panorama(*SIZE, seed=7)[..., ::-1] // 2 + 100, panorama(*SIZE)


def disc(frame, radius=30):
    """A disc that moves right by 3 pixels a frame."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    return (np.hypot(y - 60, x - 60 - 3 * frame) < radius).astype(np.float32)


FRAMES = [np.where(disc(t)[..., None] > 0, np.roll(LOOK, 3 * t, axis=1), SCENE) for t in range(4)]
TRUE = [disc(t) for t in range(4)]


def soft(mask):
    return 0.2 + 0.6 * mask


def flickering():
    """Masks of which that of frame 1 is too wide, and that of frame 2 lacks a part."""
    wide, lacking = disc(1, 33), disc(2)
    lacking[60:70] = 0
    return [soft(wide), soft(lacking)]


def test_every_mask_comes_closer_to_those_of_its_neighbours():
    masks = [FrameMask(t, mask, t / 10) for t, mask in enumerate(flickering(), 1)]
    found = list(steady_masks(masks, FRAMES.__getitem__, {0: TRUE[0], 3: TRUE[3]}))
    assert [(each.frame, each.confidence) for each in found] == [(1, 0.1), (2, 0.2)]
    for before, each in zip(masks, found, strict=True):
        lack = 1 - overlap(before.mask, TRUE[each.frame])
        assert 1 - overlap(each.mask, TRUE[each.frame]) < 0.5 * lack


def test_masks_do_not_depend_on_frames_further_away():
    masks = [FrameMask(t, mask, 1.0) for t, mask in enumerate(flickering(), 1)]
    asked = []
    frame_at = lambda t: asked.append(t) or FRAMES[t]  # noqa: E731
    (alone,) = steady_masks(masks[:1], frame_at, {3: TRUE[3]})
    assert asked == [1]
    assert alone.mask is masks[0].mask


def test_what_looks_different_has_no_say():
    mask = flickering()[0]
    found = steadied(mask, FRAMES[1], [(255 - FRAMES[2], TRUE[2])])
    assert found == pytest.approx(mask, abs=0.05)


def test_what_was_unsure_stays_so():
    mask = soft(TRUE[1])
    found = steadied(mask, FRAMES[1], [(FRAMES[2], 0 * mask)] * 3)
    assert np.median(found[TRUE[1] > 0]) < 0.5
    assert found.min() >= UNSURE - 1e-6


def test_an_empty_mask_stays_empty():
    assert not steadied(0 * TRUE[1], FRAMES[1], [(FRAMES[2], TRUE[2])]).any()
