"""Flows are continued into holes by what surrounds them."""

import cv2
import numpy as np
import pytest

from master_thesis.models.classical.flow import blur, continue_flow


def test_a_constant_flow_is_continued_and_an_untrusted_part_is_replaced():
    flow = np.tile(np.array([3, -2], np.float32), (60, 80, 1))
    trust = np.ones((60, 80), np.float32)
    trust[20:40, 30:50] = 0
    flow[20:40, 30:50] = 99
    continued, confidence = continue_flow(flow, trust)
    assert np.abs(continued - (3, -2)).max() < 0.05
    assert confidence.min() > 0.95
    trust[:, 60:] *= 0.01
    flow[:, 60:] = -50
    robust, _ = continue_flow(flow, trust)
    assert np.abs(robust[20:40, 30:40] - (3, -2)).max() < 1


def test_near_surroundings_weigh_more_than_far_ones():
    flow = np.zeros((60, 80, 2), np.float32)
    flow[:, 40:] = 4
    trust = np.ones((60, 80), np.float32)
    trust[:, 20:60] = 0
    continued, _ = continue_flow(flow, trust)
    middle_row = continued[30, 20:60, 0]
    assert middle_row[2] < 0.2
    assert middle_row[-3] > 3.8


def test_an_untrusted_flow_becomes_zero():
    continued, confidence = continue_flow(np.full((20, 30, 2), 9, np.float32), np.zeros((20, 30), np.float32))
    assert (continued == 0).all()
    assert (confidence == 0).all()


@pytest.mark.parametrize(("scale_px", "tolerance"), [(2.0, 1e-6), (4.0, 0.01), (16.0, 0.05), (64.0, 0.1)])
def test_blurring_a_reduced_image_approximates_blurring(scale_px, tolerance):
    rng = np.random.default_rng(0)
    signal = cv2.resize(rng.random((6, 8, 3)).astype(np.float32), (160, 120), interpolation=cv2.INTER_CUBIC)
    expected = cv2.GaussianBlur(signal, (0, 0), scale_px, borderType=cv2.BORDER_REPLICATE)
    assert np.abs(blur(signal, scale_px) - expected).max() < tolerance
