"""The shipped network follows a moving object in either direction."""

import numpy as np
import pytest

from master_thesis.masking.carrying import Carrier, load_carrier, overlap, working_size
from master_thesis.masking.finishing import enlarge, reduce_mask
from stress.videos import panorama

SIZE, NUM_FRAMES = (96, 160), 4


@pytest.fixture(scope="module")
def clip():
    """A disc with a texture of its own that moves before a panorama, and its masks."""
    scene, look = panorama(*SIZE), panorama(*SIZE, seed=7)[..., ::-1] // 2 + 100
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    frames, masks = [], []
    for t in range(NUM_FRAMES):
        disc = np.hypot(y - 48, x - 60 - 6 * t) < 22
        frames.append(np.where(disc[..., None], np.roll(look, 6 * t, axis=1), scene))
        masks.append(disc.astype(np.float32))
    return frames, masks


@pytest.fixture(scope="module")
def carrier(clip):
    return Carrier(load_carrier(), clip[0].__getitem__, SIZE)


@pytest.mark.parametrize("route", [(0, 1, 2, 3), (3, 2, 1, 0)])
def test_a_moving_object_is_followed(carrier, clip, route):
    masks = clip[1]
    assert overlap(masks[0], masks[3]) < 0.4, "a mask that stays where it is should not pass"
    carried = list(carrier.carry({route[0]: masks[route[0]]}, route))
    assert [c.frame for c in carried] == list(route[1:])
    for each in carried:
        assert overlap(each.mask, masks[each.frame]) > 0.6
        assert each.returned > 0.6


def test_a_wrong_mask_does_not_return(carrier, clip):
    wrong = np.roll(clip[1][0], 60, axis=1) * 0
    wrong[5:30, 120:150] = 1
    network = carrier.network
    lost = Carrier(network, lambda t: clip[0][0] if t == 0 else np.zeros((*SIZE, 3), np.uint8), SIZE)
    assert next(lost.carry({0: wrong}, (0, 1))).returned < 0.7


def test_an_object_too_small_to_be_seen_has_no_confidence(carrier):
    speck = np.zeros(SIZE, np.float32)
    speck[3, 3] = 0.2
    assert next(carrier.carry({0: speck}, (0, 1))).returned == 0


@pytest.mark.parametrize("size", [(480, 854), (1080, 1920), (2160, 3840), (64, 48), (1, 1), (50, 2000)])
def test_working_sizes_are_alike(size):
    height, width = working_size(size)
    assert min(height, width) >= 32
    assert 64 * 64 <= height * width <= 3 * 360 * 640


def test_masks_survive_the_working_size():
    y, x = np.mgrid[:480, :854]
    disc = np.hypot(y - 200, x - 400) < 90
    back = enlarge(reduce_mask(disc, (240, 432)), disc.shape)
    assert (disc & back).sum() / (disc | back).sum() > 0.98
