"""Differences are averaged along a border and continued smoothly into the hole."""

import cv2
import numpy as np
import torch

from master_thesis.ops.membrane import RELAXATIONS, along_border, membrane, stretched
from master_thesis.ops.push_pull import push_pull


def ring():
    where = np.zeros((60, 80), bool)
    where[10:50, 10:70] = True
    where[12:48, 12:68] = False
    return where


def test_a_membrane_is_close_to_the_solution_of_laplaces_equation() -> None:
    where = ring()
    x = np.arange(80, dtype=np.float32)[None, :, None] / 8
    values = np.where(where[..., None], np.broadcast_to(x, (60, 80, 3)), 0)
    inside = np.zeros_like(where)
    inside[12:48, 12:68] = True
    plain = values.copy()
    kernel = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], np.float32) / 4
    for _ in range(1500):  # Jacobi: slow and plain
        plain[inside] = cv2.filter2D(plain, -1, kernel)[inside]
    assert np.abs(membrane(values, where) - plain)[inside].max() < 0.6  # of 10


def test_noise_averages_out_along_the_border() -> None:
    where = ring()
    noise = np.random.default_rng(0).normal(5, 10, (60, 80, 3)).astype(np.float32)
    averaged = along_border(noise, where)
    assert averaged[where].std() < 2.5
    assert abs(averaged[where].mean() - 5) < 1
    assert (averaged[~where] == 0).all()


def test_a_stretched_picture_is_that_of_push_pull() -> None:
    rng = np.random.default_rng(2)
    for size in ((37, 52), (5, 3), (1, 7)):
        values, known = rng.random((*size, 3), np.float32), (rng.random((*size, 1)) < 0.3).astype(np.float32)
        planes, weights = (torch.from_numpy(a.transpose(2, 0, 1)).unsqueeze(0) for a in (values, known))
        expected = push_pull(planes, weights, RELAXATIONS)[0].permute(1, 2, 0).numpy()
        np.testing.assert_allclose(stretched(values, np.repeat(known, 3, axis=2)), expected, atol=1e-5)
