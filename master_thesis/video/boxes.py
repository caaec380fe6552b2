"""Boxes that people give, as far as they lie in the frame."""

from __future__ import annotations

from master_thesis.errors import require

Corners = tuple[int, int, int, int]
"""Left, top, right and bottom, of which the last two are outside."""


def clipped(name: str, corners: Corners, size: tuple[int, int]) -> Corners:
    """The part of a box that lies in a frame.

    Args:
        name: of the box, for the message.
        corners: of the box.
        size: height and width of the frame.

    Raises:
        UserError: no part of it does.
    """
    (left, top, right, bottom), (height, width) = corners, size
    left, top, right, bottom = max(left, 0), max(top, 0), min(right, width), min(bottom, height)
    require(left < right and top < bottom, f"{name} lies outside the frame, which is {width} x {height}")
    return left, top, right, bottom
