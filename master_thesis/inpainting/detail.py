"""How much fine detail copies should have: as much as their sources, and as the frame that they are put into.

Reading between pixels and averaging several frames soften a copy, and a frame that is moved or out of focus is softer
than another one. Both are measured: the detail of each source where it is copied from, and how much more the frame has
than the source in the ring around the hole, which both show.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from master_thesis.inpainting.motions import Hole, Picture
from master_thesis.inpainting.rims import sample_outside
from master_thesis.models.classical.exposure import Exposure
from master_thesis.ops.detail import Detail
from master_thesis.ops.pixels import put_rows
from master_thesis.ops.position_map import Places, by_frame, frames_in, hallucinated_in

SAME_PX, SAME_LEVELS = 500.0, 20.0
"""Pixels of a ring that count as much as what all sources have in common; larger differences show something else."""


@dataclass(frozen=True)
class Part:
    """Part of a frame, with what is not known of it and the position (x, y) of its first pixel."""

    picture: Picture
    hole: Hole
    corner: tuple[int, int] = (0, 0)

    @staticmethod
    def known(picture: Picture, corner: tuple[int, int] = (0, 0)) -> Part:
        """A part of which everything is known."""
        return Part(picture, np.zeros(picture.shape[:2], bool), corner)


def colours_at(
    t: int, places: Places, part_of: Callable[[int], Part], exposures: Sequence[Exposure]
) -> Float[np.ndarray, "N 3"]:
    """The colours at some places, as the exposure of frame t shows them; black where there is none.

    Args:
        t: the frame.
        places: in frames or in what was hallucinated in them.
        part_of: what places of some number are read from.
        exposures: of all frames.
    """
    colours = np.zeros((len(places.source), 3), np.float32)
    for number, chosen in by_frame(places.source):
        part, k = part_of(number), number if number >= 0 else hallucinated_in(number)
        points = places.xy.take(chosen, axis=0) - np.array(part.corner, np.float32)
        sampled = sample_outside(part.picture, part.hole, points)
        put_rows(colours, chosen, exposures[k].seen_as(exposures[t], sampled))
    return colours


class Details:
    """The detail of what copies are read from; it is measured once, and forgotten when it is not asked for.

    Args:
        part_of: what places of some number are read from.
    """

    def __init__(self, part_of: Callable[[int], Part]) -> None:
        self.part_of = part_of
        self._kept: dict[int, Detail] = {}

    def wanted(
        self, places: Places, around: Places, ring: Places, difference: Float[np.ndarray, "M 3"]
    ) -> Float[np.ndarray, " N"]:
        """The detail of copies as the frame would show it; NaN where it is unknown.

        Args:
            places: what is copied.
            around: where pixels of a ring around it lie if they move along.
            ring: where these lie in the frame itself.
            difference: the frame minus its copies there.
        """
        away = np.abs(difference).max(axis=-1, initial=0)
        ratios = relative_detail(around.source, self._at(ring), self._at(around), away)
        result = self._at(places)
        for number, ratio in ratios.items():
            result[places.source == number] *= ratio
        needed = set(frames_in(places.source)) | set(frames_in(ring.source))
        self._kept = {number: detail for number, detail in self._kept.items() if number in needed}
        return result

    def _at(self, places: Places) -> Float[np.ndarray, " N"]:
        result = np.full(len(places.source), np.nan, np.float32)
        for number in frames_in(places.source):
            chosen, part = np.flatnonzero(places.source == number), self.part_of(number)
            if number not in self._kept:
                self._kept[number] = Detail.of(part.picture, part.hole)
            result[chosen] = self._kept[number].at(places.xy.take(chosen, axis=0) - np.array(part.corner, np.float32))
        return result


def relative_detail(
    source: Int[np.ndarray, " M"],
    here: Float[np.ndarray, " M"],
    there: Float[np.ndarray, " M"],
    difference: Float[np.ndarray, " M"],
) -> dict[int, float]:
    """How much more detail a frame has than each source, by what both show in the ring around a hole.

    Args:
        source: the number of each pixel of the ring.
        here: the detail of the frame; NaN where it is unknown, as in the next one.
        there: the detail of the source.
        difference: of their colours, in grey levels.
    """
    is_same = (difference < SAME_LEVELS) & ~np.isnan(here + there)
    source, here, there = source[is_same], here[is_same], there[is_same]
    overall = (here.sum() + SAME_PX) / (there.sum() + SAME_PX)
    chosen = {k: source == k for k in frames_in(source)}
    return {k: float((here[c].sum() + SAME_PX * overall) / (there[c].sum() + SAME_PX)) for k, c in chosen.items()}
