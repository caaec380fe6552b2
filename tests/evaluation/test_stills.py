import cv2
import numpy as np
import pytest

from master_thesis.evaluation.stills import AREA, blob


def test_a_blob_covers_a_tenth_in_one_piece():
    for seed in range(40):  # some first draws have large islands
        mask = blob(60, 100, seed, "tennis")
        assert mask.mean() == pytest.approx(AREA, abs=0.005)
        assert cv2.connectedComponents(mask.astype(np.uint8))[0] == 2, "background and one blob"


def test_a_blob_depends_only_on_sequence_and_seed():
    first = blob(60, 80, 0, "tennis")
    assert (first == blob(60, 80, 0, "tennis")).all()
    assert (first != blob(60, 80, 0, "blackswan")).any()
    assert (first != blob(60, 80, 1, "tennis")).any()


def test_a_blob_is_not_convex():
    mask = blob(240, 480, 0, "tennis").astype(np.uint8)
    outline = max(cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0], key=len)
    hull = cv2.contourArea(cv2.convexHull(outline))
    assert cv2.contourArea(outline) < 0.97 * hull
