"""Photomontage (pm): each hole is put together from the original frames, at their own resolution.

The motion between neighbouring frames is measured once, and continued into the holes. Along it every pixel of a hole is
followed, forwards and backwards, until a frame shows it; what the next frame has found is carried on, so that both
frames take a pixel from the same place. Colours are read once, at the end.

Source: Agarwala et al., Interactive Digital Photomontage, 2004; Granados et al., How Not to Be Seen, 2012.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Int32, UInt8

from master_thesis.inpainting.canvas import HALLUCINATED
from master_thesis.models.classical.neighbours import NeighbourMotion, View
from master_thesis.models.painter import Painter
from master_thesis.ops.pixels import sample_at
from master_thesis.ops.position_map import NOWHERE, Places, PositionMap
from master_thesis.records import MaskedFrames

MARGIN_PX = 2
"""Pixels this close to a hole are not copied from: sampling them would reach into it."""


@dataclass(frozen=True)
class FilledFrame:
    """A frame without a hole.

    Attributes:
        image: RGB; known pixels are those of the frame.
        source: the frame that each pixel of the hole shows, row by row; ``HALLUCINATED``: none does.
    """

    image: UInt8[np.ndarray, "H W 3"]
    source: Int32[np.ndarray, " N"]


@dataclass
class Photomontage:
    """Fills the frames of one sequence.

    Args:
        frames: RGB.
        holes: of the frames.
        painter: makes up what no frame shows.
    """

    frames: Sequence[UInt8[np.ndarray, "H W 3"]]
    holes: Sequence[Bool[np.ndarray, "H W"]]
    painter: Painter
    _motions: dict[int, NeighbourMotion] = field(default_factory=dict)

    def fill(self, targets: Sequence[int]) -> Iterator[tuple[int, FilledFrame]]:
        """Yields the targets that have a hole, filled, in order."""
        wide = [_widened(hole) for hole in self.holes]
        self._measure()
        ahead = dict(self._follow(wide, range(len(wide) - 1, -1, -1)))
        for t, behind in self._follow(wide, range(len(wide))):
            if t in targets and self.holes[t].any():
                yield t, self._finish(t, wide[t], (ahead[t], behind))
            ahead.pop(t, None)

    def _measure(self) -> None:
        last = None
        for t in range(len(self.holes) - 1):
            if not (self.holes[t].any() or self.holes[t + 1].any()):
                last = None
                continue
            first = last or View.of(self.frames[t], self.holes[t])
            last = View.of(self.frames[t + 1], self.holes[t + 1])
            self._motions[t] = NeighbourMotion.between(first, last)

    def _follow(self, wide: Sequence[np.ndarray], order: Sequence[int]) -> Iterator[tuple[int, Places]]:
        """Where the holes lie in the frames that were visited before, of which neighbours come last."""
        known: PositionMap | None = None
        for t in order:
            y, x = np.nonzero(wide[t])
            points = np.stack((x, y), axis=-1).astype(np.float32)
            if known is None or not len(points):
                places = Places(np.full(len(points), NOWHERE, np.int32), points)
            elif order[0] > order[-1]:
                places = known.at(self._motions[t].forwards(points))
            else:
                places = known.at(self._motions[t - 1].backwards(points))
            known = PositionMap.of(t, wide[t], places)
            yield t, places

    def _finish(self, t: int, wide: np.ndarray, sides: tuple[Places, Places]) -> FilledFrame:
        hole = self.holes[t]
        ahead, behind = (_within(places, hole[wide]) for places in sides)
        places = _nearer(t, ahead, behind)
        image = np.where(hole[..., None], 0, self.frames[t])
        image[hole] = self.sampled(places)
        is_open = hole.copy()
        is_open[hole] = ~places.is_known
        if is_open.any():
            image = self._painted(image, is_open)
        return FilledFrame(image, np.where(places.is_known, places.source, HALLUCINATED).astype(np.int32))

    def sampled(self, places: Places) -> UInt8[np.ndarray, "N 3"]:
        """The colours at some places; black where there is none."""
        colours = np.zeros((len(places.source), 3), np.uint8)
        for number in np.unique(places.source[places.is_known]):
            chosen = places.source == number
            colours[chosen] = sample_at(self.frames[number], places.xy[chosen], cv2.INTER_CUBIC)
        return colours

    def _painted(self, image: np.ndarray, is_open: np.ndarray) -> np.ndarray:
        colours = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
        painted = self.painter.paint(MaskedFrames(colours, torch.from_numpy(~is_open)[None, None].float()))
        result = (painted[0] * 255).round().byte().permute(1, 2, 0).numpy()
        return np.where(is_open[..., None], result, image)


def _widened(hole: Bool[np.ndarray, "H W"]) -> Bool[np.ndarray, "H W"]:
    kernel = np.ones((2 * MARGIN_PX + 1,) * 2, np.uint8)
    return cv2.dilate(hole.astype(np.uint8), kernel) > 0 if hole.any() else hole


def _within(places: Places, chosen: Bool[np.ndarray, " N"]) -> Places:
    return Places(places.source[chosen], places.xy[chosen])


def _nearer(t: int, ahead: Places, behind: Places) -> Places:
    """The place in the nearer frame, of those that are known."""
    far = np.iinfo(np.int32).max
    distances = [np.where(side.is_known, np.abs(side.source - t), far) for side in (ahead, behind)]
    return ahead.where(distances[0] < distances[1], behind)
