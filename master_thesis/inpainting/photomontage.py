"""Photomontage (pm): each hole is put together from the original frames, at their own resolution.

The motion between neighbouring frames is measured once, and continued into the holes. Along it every pixel of a hole is
followed, forwards and backwards, until a frame shows it; what the next frame has found is carried on, so that both
frames take a pixel from the same place. Picture are read once, at the end. What no frame shows is made up in the first
frame that needs it, and carried on from there in the same way.

Source: Agarwala et al., Interactive Digital Photomontage, 2004; Granados et al., How Not to Be Seen, 2012.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
import torch
from jaxtyping import Float, Float32, Int32, Shaped, UInt8

from master_thesis.inpainting.canvas import HALLUCINATED
from master_thesis.inpainting.motions import Hole, Motions
from master_thesis.inpainting.sources import MARGIN_PX, choose_sources, followed, points_of
from master_thesis.models.painter import Painter, SmoothPainter
from master_thesis.ops.image import FINE
from master_thesis.ops.membrane import along_border, membrane
from master_thesis.ops.pixels import pixel_positions, sample_at
from master_thesis.ops.position_map import NOWHERE, Places, PositionMap
from master_thesis.records import MaskedFrames

Picture = UInt8[np.ndarray, "H W 3"] | Float32[np.ndarray, "H W 3"]

SLIVER_PX = 4
"""What is not made up yet and narrower than twice this continues its surroundings smoothly."""
LARGEST_DIFFERENCE = 160.0
"""Larger differences along the border of a hole, in grey levels, are not matched: the copy shows something else."""
MADE_UP = NOWHERE - 1
"""In place of a frame's number: made up in frame 0; one less for each later frame."""


@dataclass(frozen=True)
class FilledHole:
    """The hole of one frame.

    Attributes:
        colours: RGB in [0, 255], row by row, as fine as the frames.
        source: the frame that each pixel shows; ``HALLUCINATED``: none does.
    """

    colours: Shaped[np.ndarray, "N 3"]
    source: Int32[np.ndarray, " N"]


class Photomontage:
    """Fills the frames of one sequence.

    Args:
        frames: RGB in [0, 255], whole numbers or with 16 bits; their colours inside the holes do not matter.
        holes: what is to be filled.
        painter: makes up what no frame shows.
        motions: of the frames.
        device: where the painter is.
    """

    def __init__(
        self,
        frames: Sequence[Picture],
        holes: Sequence[Hole],
        painter: Painter,
        motions: Motions,
        device: torch.device | None = None,
    ) -> None:
        self.frames, self.holes, self.painter = frames, holes, painter
        self.motions, self.device = motions, device
        self._made_up: dict[int, Picture] = {}

    def fill(
        self, targets: range, past: Picture | None = None, filled: Mapping[int, FilledHole] | None = None
    ) -> Iterator[tuple[int, FilledHole]]:
        """Yields the targets that have a hole, filled, in order.

        Args:
            targets: neighbouring frames.
            past: the frame before them, if it was filled before: what was made up in it is carried on.
            filled: targets that were filled before; None: none. Their colours are taken over.
        """
        done = filled or {}
        taken = None if past is None else self._taken_over(targets.start - 1, past)
        for t, chosen in choose_sources(self.holes, self.motions, targets):
            wide, places = chosen.wide, chosen.places
            made_up = followed(taken, points_of(wide), partial(self.motions.behind, t))
            hole, places = self._finish(t, wide, places.where(places.is_known, made_up), done.get(t))
            taken = PositionMap.of(t, wide, places)
            if len(hole.source):
                yield t, hole

    def _taken_over(self, t: int, picture: Picture) -> PositionMap:
        """The map of a frame that was filled before, as if all of it had been made up."""
        self._made_up[t] = picture
        return PositionMap(np.full(picture.shape[:2], MADE_UP - t, np.int32), pixel_positions(*picture.shape[:2]))

    def _finish(self, t: int, wide: Hole, places: Places, done: FilledHole | None) -> tuple[FilledHole, Places]:
        """Reads the colours of a hole; what has no place is made up, and has one then."""
        hole = self.holes[t]
        inside, picture = hole[wide], self.frames[t].copy()
        is_copied = np.zeros(hole.shape, bool)
        is_copied[wide] = places.is_known
        is_open = hole & ~is_copied
        if done is not None:
            picture[hole] = done.colours
        else:
            copied = np.zeros(picture.shape, np.float32)
            copied[wide] = self._sampled(t, places)
            picture[hole] = _rounded(self._matched(copied, picture, is_copied, hole)[hole], picture)
            picture = self._painted(picture, is_open) if is_open.any() else picture
        if is_open.any():
            self._made_up[t] = picture
            own = Places(np.where(is_open[wide], MADE_UP - t, NOWHERE).astype(np.int32), points_of(wide))
            places = places.where(places.is_known, own)
        source = np.where(places.source >= 0, places.source, HALLUCINATED).astype(np.int32)
        return FilledHole(picture[hole], source[inside]), places

    def _sampled(self, t: int, places: Places) -> Float[np.ndarray, "N 3"]:
        """The colours at some places, as the exposure of frame t shows them; black where there is none."""
        colours, exposures = np.zeros((len(places.source), 3), np.float32), self.motions.exposures
        for number in np.unique(places.source[places.is_known]):
            chosen = places.source == number
            k = int(number) if number >= 0 else MADE_UP - int(number)
            picture = self.frames[k] if number >= 0 else self._made_up[k]
            sampled = sample_at(picture, places.xy[chosen], cv2.INTER_CUBIC).astype(np.float64)
            colours[chosen] = exposures[k].seen_as(exposures[t], sampled)
        return colours

    def _matched(
        self, copied: Float[np.ndarray, "H W 3"], picture: Picture, is_copied: Hole, hole: Hole
    ) -> Float[np.ndarray, "H W 3"]:
        """Copies that meet the picture at the border of its hole, where the copies show what the picture shows."""
        difference = picture - copied
        band = is_copied & ~hole & (np.abs(difference).max(axis=-1) < LARGEST_DIFFERENCE)
        if not band.any():
            return copied
        place = _around(hole)
        correction = membrane(along_border(difference[place], band[place]), band[place])
        matched = copied.copy()
        matched[place] += np.where(is_copied[place][..., None], correction, 0)
        return matched

    @torch.no_grad()
    def _painted(self, picture: Picture, is_open: Hole) -> Picture:
        kernel = np.ones((2 * SLIVER_PX + 1,) * 2, np.uint8)
        is_sliver = not cv2.erode(is_open.astype(np.uint8), kernel, borderValue=0).any()
        painter = SmoothPainter() if is_sliver else self.painter
        colours = torch.from_numpy(picture).float().div(255).permute(2, 0, 1).unsqueeze(0)
        visible = torch.from_numpy(~is_open).float()[None, None]
        painted = painter.paint(MaskedFrames(colours.to(self.device), visible.to(self.device)))
        result = _rounded(255 * painted[0].float().permute(1, 2, 0).cpu().numpy(), picture)
        return np.where(is_open[..., None], result, picture)


def _rounded(colours: Float[np.ndarray, "*N 3"], like: Picture) -> Shaped[np.ndarray, "*N 3"]:
    """Colours in [0, 255], as fine as those of a picture."""
    steps, most = (1, 255) if like.dtype == np.uint8 else (FINE, 2**16 - 1)
    return (np.rint(colours * steps).clip(0, most) / steps).astype(like.dtype)


def _around(hole: Hole) -> tuple[slice, slice]:
    """Rows and columns of a hole and its band."""
    sides = (np.flatnonzero(hole.any(axis=axis)) for axis in (1, 0))
    rows, columns = (slice(max(int(p[0]) - 2 * MARGIN_PX, 0), int(p[-1]) + 2 * MARGIN_PX + 1) for p in sides)
    return rows, columns
