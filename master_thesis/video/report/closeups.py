"""Crops around the hole at full size, before and after: what a reduced preview cannot show, softness and seams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import UInt8

from master_thesis.video.compositing import KNOWN
from master_thesis.video.finished import FinishedFrame
from master_thesis.video.io.orientation import to_displayed
from master_thesis.video.spacing import EvenlySpaced
from master_thesis.video.survey import Box, bounding_box

MAX_CLOSEUPS = 6
MARGIN_PX = 48
"""Surroundings of the hole in a crop, in pixels of the video."""
MAX_SIDE_PX = 480
"""Larger holes are shown in part: with their left border, so that the seam is in the picture."""


@dataclass(frozen=True)
class Closeup:
    """A crop around the hole of one frame, in pixels of the video.

    Attributes:
        frame: number of the frame.
        before: the frame of the video, as displayed.
        after: the frame with its hole filled, as displayed.
    """

    frame: int
    before: UInt8[np.ndarray, "h w 3"]
    after: UInt8[np.ndarray, "h w 3"]


@dataclass
class Closeups:
    """Collects crops of frames at equal distances, without knowing in advance how many frames have a hole.

    Attributes:
        display_matrix: how players rotate the frames; None: not at all.
    """

    display_matrix: Sequence[int] | None = None
    _spaced: EvenlySpaced[Closeup] = field(default_factory=lambda: EvenlySpaced(2 * MAX_CLOSEUPS - 1))

    def write(self, frame: FinishedFrame) -> None:
        """Takes the next frame."""
        box = bounding_box(frame.source != KNOWN)
        if box is not None:
            place = closeup_box(box, frame.before.shape[:2])
            self._spaced.add(lambda: self._closeup(frame, place))

    def chosen(self) -> list[Closeup]:
        """At most ``MAX_CLOSEUPS`` crops, the first and the last of those collected among them."""
        kept = self._spaced.kept
        count = min(len(kept), MAX_CLOSEUPS)
        return [kept[round(i * (len(kept) - 1) / max(count - 1, 1))] for i in range(count)]

    def _closeup(self, frame: FinishedFrame, place: Box) -> Closeup:
        before, after = (self._cut(picture, place) for picture in (frame.before, frame.after))
        return Closeup(frame.number, before, after)

    def _cut(self, picture: UInt8[np.ndarray, "H W 3"], place: Box) -> UInt8[np.ndarray, "h w 3"]:
        cut = picture[place.top : place.bottom, place.left : place.right]
        return np.ascontiguousarray(to_displayed(cut, self.display_matrix))


def closeup_box(hole: Box, size: tuple[int, int]) -> Box:
    """The part of a frame of ``size`` that shows a hole with its surroundings, at most ``MAX_SIDE_PX`` on each side."""
    height, width = size
    left, right = max(hole.left - MARGIN_PX, 0), min(hole.right + MARGIN_PX, width)
    right = min(right, left + MAX_SIDE_PX)
    middle, half = (hole.top + hole.bottom) // 2, MAX_SIDE_PX // 2
    top, bottom = max(hole.top - MARGIN_PX, middle - half, 0), min(hole.bottom + MARGIN_PX, middle + half, height)
    return Box(top, left, bottom, right)
