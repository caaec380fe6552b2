"""Outlines of soft masks move to the edges of the frame, and what was unsure stays so."""

import numpy as np
import pytest

from master_thesis.masking.edges import fit_masks, fitted
from master_thesis.masking.finishing import UNSURE
from master_thesis.masking.spans import FrameMask
from stress.videos import panorama

SIZE, DISC = (120, 160), (60, 80, 30)


def disc(radius=DISC[2]):
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    return np.hypot(y - DISC[0], x - DISC[1]) < radius


@pytest.fixture
def frame():
    image = panorama(*SIZE) // 2 + 120
    image[disc()] = image[disc()] // 6 + np.array((20, 10, 0), np.uint8)
    return image


def similarity(a, b):
    return (a & b).sum() / (a | b).sum()


def soft(radius, width=6.0):
    """A disc of some radius with a wide border."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    return (1 / (1 + np.exp((np.hypot(y - DISC[0], x - DISC[1]) - radius) / (width / 4)))).astype(np.float32)


@pytest.mark.parametrize("radius", [28, 32])
def test_an_outline_beside_the_edge_moves_to_it(frame, radius):
    mask = soft(radius)
    found = fitted(frame, mask)
    assert found.dtype == np.float32
    before, after = (similarity(each > 0.5, disc()) for each in (mask, found))
    assert after > before + 0.06
    assert after > 0.94


def test_without_edges_a_mask_stays(frame):
    plain = np.full_like(frame, 90)
    assert similarity(fitted(plain, soft(30)) > 0.5, disc()) > 0.95


def test_what_is_unsure_stays_unsure(frame):
    mask = soft(30)
    mask[10:20, 10:20] = 0.15
    mask[10:20, 30:32] = 0.35
    found = fitted(frame, mask)
    assert found[10:20, 10:20].min() >= 0.15
    assert found[10:20, 30:32].min() >= UNSURE


def test_an_empty_mask_stays_empty(frame):
    assert not fitted(frame, np.zeros(SIZE, np.float32)).any()


def test_each_mask_is_fitted_to_its_own_frame(frame):
    frames = {3: frame, 4: np.full_like(frame, 90)}
    masks = [FrameMask(t, soft(27), 0.5) for t in frames]
    found = list(fit_masks(masks, frames.__getitem__))
    assert [(each.frame, each.confidence) for each in found] == [(3, 0.5), (4, 0.5)]
    assert all((each.mask == fitted(frames[each.frame], soft(27))).all() for each in found)
