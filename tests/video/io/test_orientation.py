"""Rotating pictures as players do, and back."""

import numpy as np
import pytest

from master_thesis.video.io.orientation import is_quarter_turn, swaps_axes, to_displayed, to_stored

ONE = 65536
MATRICES = {
    "none": None,
    "upright": (ONE, 0, 0, 0, ONE, 0, 0, 0, 1 << 30),
    "quarter": (0, ONE, 0, -ONE, 0, 0, 0, 0, 1 << 30),
    "half": (-ONE, 0, 0, 0, -ONE, 0, 0, 0, 1 << 30),
    "three quarters": (0, -ONE, 0, ONE, 0, 0, 0, 0, 1 << 30),
    "mirrored": (-ONE, 0, 0, 0, ONE, 0, 0, 0, 1 << 30),
    "rotated and mirrored": (0, ONE, 0, ONE, 0, 0, 0, 0, 1 << 30),
}
PICTURE = np.arange(6).reshape(2, 3)
CLOCKWISE_QUARTER = [[3, 0], [4, 1], [5, 2]]


@pytest.mark.parametrize("matrix", MATRICES.values(), ids=MATRICES.keys())
def test_the_inverse_restores_the_picture(matrix) -> None:
    assert (to_stored(to_displayed(PICTURE, matrix), matrix) == PICTURE).all()


@pytest.mark.parametrize("matrix", MATRICES.values(), ids=MATRICES.keys())
def test_every_pixel_moves_as_the_matrix_says(matrix) -> None:
    a, b, c, d = (1, 0, 0, 1) if matrix is None else (np.sign(matrix[i]) for i in (0, 1, 3, 4))
    displayed = to_displayed(PICTURE, matrix)
    corners = {(y, x): ((b * x + d * y), (a * x + c * y)) for y in range(2) for x in range(3)}
    top, left = min(y for y, _ in corners.values()), min(x for _, x in corners.values())
    for (y, x), (to_y, to_x) in corners.items():
        assert displayed[to_y - top, to_x - left] == PICTURE[y, x]


def test_a_phone_held_upright() -> None:
    matrix = MATRICES["quarter"]
    assert swaps_axes(matrix)
    assert to_displayed(PICTURE, matrix).tolist() == CLOCKWISE_QUARTER


def test_odd_angles_are_ignored() -> None:
    odd = (46341, 46341, 0, -46341, 46341, 0, 0, 0, 1 << 30)
    assert not is_quarter_turn(odd)
    assert (to_displayed(PICTURE, odd) == PICTURE).all()
