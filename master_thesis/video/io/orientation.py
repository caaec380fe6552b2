"""How players rotate the frames of a file, and the inverse.

Convention:
    A display matrix ``(a, b, u, c, d, v, x, y, w)`` maps a stored position (x, y) to the displayed one:
    ``x' = a x + c y``, ``y' = b x + d y``, up to a shift. Only quarter turns and mirrors are applied; phones write no
    others.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Shaped


def is_quarter_turn(matrix: Sequence[int] | None) -> bool:
    """Whether a matrix only swaps and mirrors the axes; true if there is none."""
    if matrix is None:
        return True
    a, b, c, d = matrix[0], matrix[1], matrix[3], matrix[4]
    return (a == d == 0 and b != 0 != c) or (b == c == 0 and a != 0 != d)


def quarter_turn(degrees: int) -> tuple[int, ...] | None:
    """The display matrix of a turn to the left by a multiple of 90 degrees; None if it is no turn or another one.

    >>> quarter_turn(90)
    (0, 65536, 0, -65536, 0, 0, 0, 0, 1073741824)
    """
    turns = {90: (0, 1), 180: (-1, 0), -180: (-1, 0), -90: (0, -1), 270: (0, -1)}
    if degrees not in turns:
        return None
    along, across = turns[degrees]
    return (along << 16, across << 16, 0, -across << 16, along << 16, 0, 0, 0, 1 << 30)


def swaps_axes(matrix: Sequence[int] | None) -> bool:
    """Whether frames are stored on their side: the displayed height is the stored width."""
    return matrix is not None and is_quarter_turn(matrix) and matrix[0] == 0


def to_displayed(stored: Shaped[np.ndarray, "h w *c"], matrix: Sequence[int] | None) -> Shaped[np.ndarray, "H W *c"]:
    """Turns a stored picture the way players show it.

    >>> quarter = (0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)
    >>> to_displayed(np.array([[1, 2], [3, 4]]), quarter).tolist()
    [[3, 1], [4, 2]]
    """
    mirrored = _mirror(stored, matrix)
    return mirrored.swapaxes(0, 1) if swaps_axes(matrix) else mirrored


def to_stored(displayed: Shaped[np.ndarray, "H W *c"], matrix: Sequence[int] | None) -> Shaped[np.ndarray, "h w *c"]:
    """Inverts :func:`to_displayed`."""
    return _mirror(displayed.swapaxes(0, 1) if swaps_axes(matrix) else displayed, matrix)


def _mirror(stored: np.ndarray, matrix: Sequence[int] | None) -> np.ndarray:
    """Flips the stored axes that the matrix reverses."""
    if matrix is None or not is_quarter_turn(matrix):
        return stored
    along_x, along_y = (matrix[1], matrix[3]) if swaps_axes(matrix) else (matrix[0], matrix[4])
    return stored[:: -1 if along_y < 0 else 1, :: -1 if along_x < 0 else 1]
