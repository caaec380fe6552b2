"""Turns marks on the command line into the masks of key frames, and checks them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image

from master_thesis.configs.masking import NOTHING_MARKED, DrawMark, Marks, NumberMark
from master_thesis.errors import UserError, require
from master_thesis.images.codec import read_mask
from master_thesis.images.header import frame_size
from master_thesis.masking.outline import FrameMarks, Outline, outline
from master_thesis.video.boxes import Corners, clipped

MIN_SHARE = 0.06
"""Share of a box that an object covers at least; the middle, which is taken to be the object, covers 5 %."""
STRONG, WEAK = 160, 96
"""A stroke's own colour is at least the first, the other two are at most the second."""


@dataclass(frozen=True)
class Drawing:
    """The content of a drawing.

    Attributes:
        on: strokes on the object; None: a finished mask.
        off: strokes on the background.
        mask: the finished mask; None: strokes.
    """

    on: Bool[np.ndarray, "H W"] | None
    off: Bool[np.ndarray, "H W"] | None
    mask: Bool[np.ndarray, "H W"] | None


class MarkedFrames:
    """The marks of a video by frame; drawings are read, and everything is checked against the size of the frames.

    Args:
        marks: what was marked.
        size: height and width of the frames as displayed.

    Raises:
        UserError: a box or point lies outside, or a drawing is missing, empty or of another size.
    """

    def __init__(self, marks: Marks, size: tuple[int, int]) -> None:
        require(bool(marks.object_frames) or not marks.is_given, NOTHING_MARKED)
        self.marks, self.size = marks, size
        self.boxes = {mark.frame: _corners(mark, size) for mark in marks.boxes}
        self.points = _points("points", marks.object_points, size)
        self.off_points = _points("background_points", marks.off_points, size)
        self.drawings: dict[int, list[Drawing]] = {}
        for drawing in marks.drawings:
            self.drawings.setdefault(drawing.frame, []).append(read_drawing(drawing, size))
        for frame in sorted(marks.object_frames):
            self._check_object(frame)

    def _check_object(self, frame: int) -> None:
        """Checks that something marks the object, not only the background."""
        drawn = self.drawings.get(frame, [])
        is_marked = frame in self.boxes or frame in self.points
        is_marked |= any(d.mask is not None or (d.on is not None and d.on.any()) for d in drawn)
        require(
            is_marked,
            f"--draw for frame {frame} holds red strokes alone, which mark the background: "
            "mark the object in pure green, or add --box for that frame",
        )

    @property
    def frames(self) -> set[int]:
        """The key frames, including those from which the object is gone."""
        return self.marks.object_frames | set(self.marks.gone_frames)

    def check_end(self, num_frames: int) -> None:
        """Raises :class:`UserError` if a marked frame is beyond the end of the video."""
        last = max(self.frames, default=0)
        require(
            last < num_frames,
            f"frame {last} is marked, but the video ends at frame {num_frames - 1}: frames count from 0",
        )

    def outline_of(
        self, frame: int, image: UInt8[np.ndarray, "H W 3"], neighbours: Sequence[UInt8[np.ndarray, "h w 3"]] = ()
    ) -> Outline | None:
        """The outline of the object in a key frame; None where it is gone.

        Args:
            frame: its number.
            image: the frame as displayed.
            neighbours: nearby frames of the same scene, at any size.

        Raises:
            UserError: the marks outline nothing.
        """
        if frame in self.marks.gone_frames:
            return None
        found, box = outline(image, self._marks_of(frame), neighbours), self.boxes.get(frame)
        area = 0 if box is None else (box[2] - box[0]) * (box[3] - box[1])
        require(
            bool(found.mask.sum() > MIN_SHARE * area),
            f"the marks on frame {frame} outline nothing: draw a tighter box around the object, or strokes on it "
            "(--draw, --points)",
        )
        return found

    def _marks_of(self, frame: int) -> FrameMarks:
        drawn = self.drawings.get(frame, [])
        return FrameMarks(
            self.boxes.get(frame),
            tuple(self.points.get(frame, [])),
            tuple(self.off_points.get(frame, [])),
            _union(d.on for d in drawn),
            _union(d.off for d in drawn),
            _union(d.mask for d in drawn),
        )


def read_drawing(drawing: DrawMark, size: tuple[int, int]) -> Drawing:
    """Reads a drawing: strokes if all its colours are pure green, pure red or nothing, or else a mask.

    Convention:
        Black, white and transparent pixels of a drawing with strokes mean nothing.

    Raises:
        UserError: it cannot be read, has another size than the frames, or is empty.
    """
    path, (height, width) = Path(drawing.path), size
    require(path.is_file(), f"--draw {path}: there is no such file")
    found = frame_size(path)
    require(
        found == size,
        f"--draw {path}: should have the size of the frames, {width} x {height}, got {found[1]} x {found[0]}",
    )
    on, off = _strokes(path)
    if on is not None and off is not None:
        return Drawing(on, off, None)
    mask = read_mask(path)
    require(bool(mask.any()), f"--draw {path} is empty: draw the object in white, or strokes in pure green and red")
    return Drawing(None, None, mask)


def _strokes(path: Path) -> tuple[Bool[np.ndarray, "H W"] | None, Bool[np.ndarray, "H W"] | None]:
    """Green and red strokes; None if the picture is a mask."""
    try:
        with Image.open(path) as picture:
            if picture.mode in ("1", "L", "I;16", "I"):
                return None, None
            pixels = np.asarray(picture.convert("RGBA"))
    except OSError as error:
        raise UserError(f"--draw {path}: cannot be read as an image ({error})") from error
    colours, is_opaque = pixels[..., :3], pixels[..., 3] > 127
    on = is_opaque & (colours[..., 1] >= STRONG) & (colours[..., [0, 2]] <= WEAK).all(axis=-1)
    off = is_opaque & (colours[..., 0] >= STRONG) & (colours[..., [1, 2]] <= WEAK).all(axis=-1)
    is_plain = np.ptp(colours, axis=-1) <= WEAK // 3
    is_drawn = (on | off).any() and (on | off | is_plain | ~is_opaque).mean() > 0.99
    return (on, off) if is_drawn else (None, None)


def _corners(mark: NumberMark, size: tuple[int, int]) -> Corners:
    x, y, w, h = mark.numbers
    return clipped(f"--box {x} {y} {w} {h}", (x, y, x + w, y + h), size)


def _points(flag: str, marks: Iterable[NumberMark], size: tuple[int, int]) -> dict[int, list[tuple[int, int]]]:
    found: dict[int, list[tuple[int, int]]] = {}
    for mark in marks:
        (x, y), (height, width) = mark.numbers, size
        is_inside = 0 <= x < width and 0 <= y < height
        require(is_inside, f"--{flag} {x} {y} lies outside the frame, which is {width} x {height}")
        found.setdefault(mark.frame, []).append((x, y))
    return found


def _union(masks: Iterable[Bool[np.ndarray, "H W"] | None]) -> Bool[np.ndarray, "H W"] | None:
    there = [mask for mask in masks if mask is not None]
    return np.logical_or.reduce(there) if there else None
