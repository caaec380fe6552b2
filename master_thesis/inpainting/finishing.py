"""Finishes a hole whose sources are chosen: reads and joins their colours, and hallucinates the rest."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, Int32, Shaped

from master_thesis.inpainting.canvas import HALLUCINATED
from master_thesis.inpainting.detail import Details, Part, colours_at
from master_thesis.inpainting.grain import with_grain
from master_thesis.inpainting.joining import RING_PX, joined, ring_around, without_steps
from master_thesis.inpainting.motions import Hole, Motions, Picture
from master_thesis.inpainting.painting import PicturePainter, rounded
from master_thesis.inpainting.sources import Chosen, points_of, too_close
from master_thesis.models.painter import surroundings
from master_thesis.ops.detail import with_detail
from master_thesis.ops.mask import Window, widen_window, window_of
from master_thesis.ops.pixels import is_shown, pixels_in, put_pixels, put_rows, where_masked
from master_thesis.ops.position_map import NOWHERE, Places, by_frame, hallucinated_in

SAMPLED_PX = 8
"""How far beyond what was hallucinated its colours and its detail are read."""


@dataclass(frozen=True)
class FilledHole:
    """The hole of one frame.

    Attributes:
        colours: RGB in [0, 255], row by row, as fine as the frames.
        source: the frame that each pixel shows; ``HALLUCINATED``: none does.
    """

    colours: Shaped[np.ndarray, "N 3"]
    source: Int32[np.ndarray, " N"]


class Finisher:
    """Finishes the holes of one sequence, each after a neighbour.

    Args:
        frames: RGB in [0, 255], whole numbers or with 16 bits; their colours inside the holes do not matter.
        holes: what is to be filled.
        motions: of the frames.
        painter: hallucinates what no frame shows.
    """

    def __init__(
        self, frames: Sequence[Picture], holes: Sequence[Hole], motions: Motions, painter: PicturePainter
    ) -> None:
        self.frames, self.holes, self.motions, self.painter = frames, holes, motions, painter
        self._parts: dict[int, Part] = {}
        self._details = Details(self._part)

    def take_over(self, t: int, picture: Picture) -> int:
        """Takes a frame that was filled before as if it had been hallucinated; returns its name in :class:`Places`."""
        self._parts[t] = Part.known(picture)
        return hallucinated_in(t)

    def keep_hallucinated(self, sources: Collection[int]) -> None:
        """Forgets what was hallucinated elsewhere than in some sources."""
        self._parts = {k: part for k, part in self._parts.items() if hallucinated_in(k) in sources}

    def finish(self, t: int, chosen: Chosen, done: FilledHole | None = None) -> tuple[FilledHole, Places]:
        """Reads the colours of a hole, and hallucinates what has no place, which then gets one.

        Args:
            t: number of the frame.
            chosen: what its hole and the margin of that are copied from.
            done: the hole if it was filled before: its colours are kept.
        """
        wide, places = chosen.wide, chosen.places
        if not len(places.source):
            return FilledHole(np.zeros((0, 3), self.frames[t].dtype), places.source), places
        place = _around(wide)
        hole, inside, picture = self.holes[t][place], wide[place], self.frames[t][place].copy()
        is_copied = np.zeros(hole.shape, bool)
        is_copied[inside] = places.is_known
        is_open = hole & ~is_copied
        if done is not None:
            picture[hole] = done.colours
        else:
            copied = self._copied(t, place, inside, chosen, picture)
            put_pixels(picture, hole, rounded(pixels_in(copied, hole), picture))
        if is_open.any():
            own = Places(np.where(is_open[inside], hallucinated_in(t), NOWHERE).astype(np.int32), points_of(wide))
            places = places.where(places.is_known, own)
        if done is None:
            picture = self._hallucinated(t, place, picture, is_open)
            source = np.full(hole.shape, NOWHERE, np.int32)
            source[inside] = places.source
            picture = rounded(without_steps(picture.astype(np.float32), hole, source), picture)
        if is_open.any():
            self._keep(t, place, picture, is_open)
        source = np.where(places.source >= 0, places.source, HALLUCINATED).astype(np.int32)
        return FilledHole(pixels_in(picture, hole), source[hole[inside]]), places

    def _copied(
        self, t: int, place: Window, inside: Hole, chosen: Chosen, picture: Picture
    ) -> Float[np.ndarray, "H W 3"]:
        """Copies a hole, joined to the rest of the frame and with the detail and grain of that."""
        hole, copied, places = self.holes[t][place], np.zeros(picture.shape, np.float32), chosen.places
        put_pixels(copied, inside, self._colours(t, chosen))
        is_copied, is_original = np.zeros(hole.shape, bool), np.zeros(hole.shape, bool)
        is_copied[inside], is_original[inside] = places.is_known, places.source >= 0
        corner = place[1].start, place[0].start
        nearest = ring_around(is_original, inside)
        ring = (nearest >= 0) & ~hole
        around = self._beside(places, np.flatnonzero(places.source >= 0)[nearest[ring]], ring, inside)
        colours = copied.copy()
        put_pixels(colours, ring, self.sampled(t, around))
        wanted = np.full(hole.shape, np.nan, np.float32)
        own = Places(np.full(len(around.source), t, np.int32), points_of(ring) + np.array(corner, np.float32))
        wanted[inside] = self._details.wanted(places, around, own, (picture - colours)[ring])
        ring[ring] = around.is_known
        copied = where_masked(hole, joined(copied, picture - colours, is_copied, ring, hole), picture)
        copied = with_detail(copied, hole & is_copied, wanted)
        # What is hallucinated has its own grain, and is copied again for the frames that follow.
        return with_grain(copied, ~hole, hole & is_original, self.motions.original(t), corner)

    def _colours(self, t: int, chosen: Chosen) -> Float[np.ndarray, "N 3"]:
        """The colours of a hole and its margin: means, and what is read from a place alone."""
        colours, index = chosen.colours.copy(), np.flatnonzero(np.isnan(chosen.colours[:, 0]))
        put_rows(colours, index, self.sampled(t, chosen.places.at(index)))
        return colours

    def _beside(self, places: Places, nearest: Int[np.ndarray, " M"], ring: Hole, inside: Hole) -> Places:
        """Where the pixels of a ring lie if they move with the nearest pixel that is copied; unknown if in a hole."""
        shift = points_of(ring) - points_of(inside).take(nearest, axis=0)
        source, xy = places.source[nearest], places.xy.take(nearest, axis=0) + shift
        for k, chosen in by_frame(source):
            # Sampling reaches as far as the margin of a hole does.
            source[chosen[~is_shown(xy.take(chosen, axis=0), too_close(self.holes[k]))]] = NOWHERE
        return Places(source, xy)

    def sampled(self, t: int, places: Places) -> Float[np.ndarray, "N 3"]:
        """The colours at some places, as the exposure of frame t shows them; black where there is none."""
        return colours_at(t, places, self._part, self.motions.exposures)

    def _part(self, number: int) -> Part:
        """What places of that number are read from."""
        if number >= 0:
            return Part(self.frames[number], self.holes[number])
        return self._parts[hallucinated_in(number)]

    def _hallucinated(self, t: int, place: Window, picture: Picture, is_open: Hole) -> Picture:
        """Paints the open pixels of a part of a frame from their surroundings."""
        if not is_open.any():
            return picture
        frame, hole = self.frames[t].copy(), np.zeros(self.holes[t].shape, bool)
        frame[place], hole[place] = picture, is_open
        around = surroundings(hole)
        part = frame[around]
        part[hole[around]] = self.painter.paint(part, hole[around])[hole[around]]
        return frame[place]

    def _keep(self, t: int, place: Window, picture: Picture, is_open: Hole) -> None:
        """Keeps what was hallucinated in a part of a frame."""
        window = window_of(is_open)
        assert window is not None, "something was"
        rows, columns = widen_window(window, SAMPLED_PX, (is_open.shape[0], is_open.shape[1]))
        corner = place[1].start + columns.start, place[0].start + rows.start
        self._parts[t] = Part.known(picture[rows, columns].copy(), corner)


def _around(wide: Hole) -> Window:
    """Rows and columns of a hole with the ring around it."""
    window = window_of(wide)
    assert window is not None, "the hole is not empty"
    return widen_window(window, RING_PX[1], (wide.shape[0], wide.shape[1]))
