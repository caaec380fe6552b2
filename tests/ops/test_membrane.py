"""Differences are averaged along a border and continued smoothly into the hole."""

import cv2
import numpy as np

from master_thesis.ops.membrane import along_border, membrane


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
