"""Text over the picture through time: when each line appears and disappears, and where it is.

A detector looks at every ``STRIDE``-th frame, and at frames in between only where what it finds has changed. What it
finds of a line in several frames is joined, so that a frame in which it misses the line does not flicker.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, UInt8

from master_thesis.masking.glyphs import Box, Line, is_same_text, outline_mask, overlap
from master_thesis.ops.mask import widened

STRIDE = 8
"""Frames between two looks."""
STILL_OVERLAP = 0.6
"""Overlap of every place of a line with all of them together from which it stands still."""
MAX_GAP = 2 * STRIDE
"""Frames in which a line may be missed."""
MIN_FRAMES = 3
"""Lines shown in fewer frames are errors of the detector."""
FADE_FRAMES = 2
"""Frames before and after a line in which it may be too faint to be found."""
MIN_VOTES = 0.2
"""Share of the frames that show a line in which a pixel is part of a letter; letters that change, as in a clock, are
part of it in some."""

WIDENING_PX = 2
"""Widening of masks of text, for the glow or shadow around letters."""

Image = UInt8[np.ndarray, "H W 3"]
FindText = Callable[[Image], Sequence[Line]]


@dataclass(frozen=True)
class Caption:
    """A line of text through time.

    Attributes:
        frames: where it was found, in order.
        quads: its corners there.
        box: left, top, right and bottom of all its places.
        letters: its letters in this box; None if it moves.
    """

    frames: tuple[int, ...]
    quads: Float[np.ndarray, "N 4 2"]
    box: Box
    letters: Bool[np.ndarray, "h w"] | None

    @staticmethod
    def join(lines: Mapping[int, Line]) -> Caption:
        """Joins what was found of a line in several frames."""
        boxes = np.array([line.box for line in lines.values()])
        left, top = (int(low) for low in boxes[:, :2].min(axis=0))
        right, bottom = (int(high) for high in boxes[:, 2:].max(axis=0))
        votes, box = np.zeros((bottom - top, right - left), np.int32), (left, top, right, bottom)
        for line in lines.values():
            x0, y0, x1, y1 = line.box
            votes[y0 - top : y1 - top, x0 - left : x1 - left] += line.letters
        is_still = all(overlap(box, line.box) > STILL_OVERLAP for line in lines.values())
        letters = votes >= MIN_VOTES * len(lines) if is_still else None
        return Caption(tuple(lines), np.stack([line.quad for line in lines.values()]), box, letters)

    @property
    def shown(self) -> range:
        """The frames that it may be seen in."""
        return range(max(self.frames[0] - FADE_FRAMES, 0), self.frames[-1] + FADE_FRAMES + 1)

    def quad_at(self, frame: int) -> Float[np.ndarray, "4 2"]:
        """The corners in a frame."""
        columns = self.quads.reshape(len(self.frames), 8).T
        return np.stack([np.interp(frame, self.frames, column) for column in columns]).reshape(4, 2)

    def draw(self, mask: UInt8[np.ndarray, "H W"], frame: int, has_letters_alone: bool = True) -> None:
        """Adds what covers the line in a frame to a mask: its letters, or all of it, also if it moves."""
        left, top, right, bottom = self.box
        if self.letters is None:
            outline_mask(mask, self.quad_at(frame))
        elif has_letters_alone:
            mask[top:bottom, left:right] |= self.letters
        else:
            outline_mask(mask, self.quads.reshape(-1, 2))


class CaptionFinder:
    """Looks at the frames of a video, one after the other.

    Args:
        find: the detector.
    """

    def __init__(self, find: FindText) -> None:
        self.find = find
        self._waiting: dict[int, Image] = {}
        self._seen: dict[int, Sequence[Line]] = {}
        self._joiner = _Joiner()

    def look(self, number: int, image: Image) -> None:
        """Takes the next frame, which must not be written to afterwards."""
        self._waiting[number] = image
        if number % STRIDE == 0:
            self._look_back(number)

    def captions(self) -> list[Caption]:
        """All lines, after the last frame."""
        if len(self._waiting) > 1:
            self._look_back(max(self._waiting))
        return self._joiner.captions()

    def _look_back(self, number: int) -> None:
        """Looks at a frame, and where needed between it and the previous one that was looked at."""
        before = min(self._waiting)
        self._look_between(before, number)
        for frame in sorted(self._seen.keys() - {before} if before < number else self._seen):
            self._joiner.add(frame, self._seen[frame])
        self._waiting, self._seen = {number: self._waiting[number]}, {number: self._seen[number]}

    def _look_between(self, first: int, second: int) -> None:
        lines = [self._lines(frame) for frame in (first, second)]
        if second - first > 1 and not _are_similar(*lines):
            middle = (first + second) // 2
            self._look_between(first, middle)
            self._look_between(middle, second)

    def _lines(self, number: int) -> Sequence[Line]:
        if number not in self._seen:
            self._seen[number] = self.find(self._waiting[number])
        return self._seen[number]


class _Joiner:
    """Joins the lines that are found in single frames over time."""

    def __init__(self) -> None:
        self._shown: list[dict[int, Line]] = []
        self._ended: list[Caption] = []

    def add(self, frame: int, lines: Sequence[Line]) -> None:
        """Takes the lines of the next frame."""
        still_shown = [caption for caption in self._shown if frame - _last(caption) <= MAX_GAP]
        self._end([caption for caption in self._shown if frame - _last(caption) > MAX_GAP])
        free, new = list(still_shown), []
        for line in lines:
            same = next((caption for caption in free if is_same_text(caption[_last(caption)], line)), None)
            if same is None:
                new.append({frame: line})
            else:
                same[frame] = line
                free = [caption for caption in free if caption is not same]
        self._shown = still_shown + new

    def captions(self) -> list[Caption]:
        """All of them, in the order of their appearance."""
        self._end(self._shown)
        self._shown = []
        return sorted(self._ended, key=lambda caption: caption.frames[0])

    def _end(self, captions: Sequence[Mapping[int, Line]]) -> None:
        found = [Caption.join(caption) for caption in captions]
        self._ended += [caption for caption in found if caption.frames[-1] - caption.frames[0] + 1 >= MIN_FRAMES]


def _last(caption: Mapping[int, Line]) -> int:
    return max(caption)


def _are_similar(first: Sequence[Line], second: Sequence[Line]) -> bool:
    """Whether two frames show the same lines."""
    return len(first) == len(second) and all(any(is_same_text(line, other) for other in second) for line in first)


def caption_mask(
    captions: Sequence[Caption], frame: int, size: tuple[int, int], has_letters_alone: bool = True
) -> Bool[np.ndarray, "H W"]:
    """The mask of lines in a frame, widened by ``WIDENING_PX``."""
    mask = np.zeros(size, np.uint8)
    for caption in captions:
        caption.draw(mask, frame, has_letters_alone)
    return widened(mask > 0, WIDENING_PX)
