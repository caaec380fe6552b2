"""The label with the most support wins, as a search over all labels finds it; outliers take no part."""

import itertools

import numpy as np

from master_thesis.ops.consensus import LARGEST_MISFIT, agreement, consensus, misfit

RANDOM = np.random.default_rng(0)


def pictures(*tones, size=(12, 16)):
    return np.stack([np.full((*size, 3), tone, np.uint8) for tone in tones])


def test_labels_are_those_of_an_exhaustive_search() -> None:
    """All labellings of tiny pictures are tried."""
    count, height, width = 3, 2, 2
    trust = RANDOM.random((count, height, width)) * (RANDOM.random((count, height, width)) > 0.2)
    trust[0] += 0.01
    agree = RANDOM.random((count, count, height, width))
    agree = (agree + agree.swapaxes(0, 1)) / 2
    for i in range(count):
        agree[i, i] = 0
    bias = RANDOM.random((count, height, width))
    best, best_labels = -np.inf, None
    for labels in itertools.product(range(count), repeat=height * width):
        score = 0.0
        for (y, x), i in zip(np.ndindex(height, width), labels, strict=True):
            support = trust[i, y, x] + sum(agree[i, j, y, x] * trust[j, y, x] for j in range(count))
            score += np.log(support) - bias[i, y, x] if trust[i, y, x] > 0 else -np.inf
        if score > best:
            best, best_labels = score, labels
    chosen = consensus(trust, agree, bias)
    assert chosen.label.ravel().tolist() == list(best_labels)
    np.testing.assert_allclose(chosen.weights.sum(axis=0), 1, atol=1e-6)


def test_what_most_frames_show_is_taken_and_the_outlier_has_no_share() -> None:
    shown = pictures(200, 100, 103, 101)
    known = np.ones(shown.shape[:3], bool)
    trust = np.ones(known.shape) * np.array([1.4, 1, 1, 1])[:, None, None]  # the nearest shows something else
    chosen = consensus(trust, agreement(shown, known), np.zeros(known.shape))
    assert (chosen.label > 0).all()
    assert chosen.weights[0].max() < 1e-3
    assert chosen.weights[1:].min() > 0.15


def test_frames_that_show_nothing_do_not_witness() -> None:
    shown = pictures(100, 100)
    known = np.ones(shown.shape[:3], bool)
    known[1, :, 8:] = False
    agree = agreement(shown, known)
    np.testing.assert_allclose(agree[0, 1], agree[1, 0])
    assert agree[0, 1, :, :8].min() > 0.99
    assert agree[0, 1, :, 8:].max() == 0


def test_a_misfit_beside_the_hole_is_continued_into_it() -> None:
    picture, shown = pictures(100)[0], pictures(100, 120, 100)
    visible = np.ones(picture.shape[:2], bool)
    visible[4:8, 4:12] = False
    known = np.ones(shown.shape[:3], bool)
    known[2] = ~visible  # it shows nothing around the hole: nothing speaks for it
    fits = misfit(shown, known, picture, visible)
    assert fits[0].max() < 0.1
    assert np.abs(fits[1] - 20).max() < 1
    assert fits[2][~visible].min() > LARGEST_MISFIT - 1
