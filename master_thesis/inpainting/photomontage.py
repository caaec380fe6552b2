"""Photomontage (pm): each hole is put together from the original frames, at their own resolution.

The motion between neighbouring frames is measured once, and continued into the holes. Along it every pixel of a hole is
followed, forwards and backwards, until a frame shows it; what the next frame has found is carried on, so that both
frames take a pixel from the same place. Planes of the scene lead to further places, among which the sources are chosen
together. Colours are read at the end, from original frames. What no frame shows is hallucinated in the first frame
that needs it, and carried on from there in the same way.

Source: Agarwala et al., Interactive Digital Photomontage, 2004; Granados et al., How Not to Be Seen, 2012.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import torch

from master_thesis.inpainting.finishing import FilledHole, Finisher
from master_thesis.inpainting.judging import Judge
from master_thesis.inpainting.motions import Hole, Motions, Picture
from master_thesis.inpainting.painting import PicturePainter
from master_thesis.inpainting.rims import Rims, is_outside
from master_thesis.inpainting.sources import Chosen, choose_sources, followed, points_of
from master_thesis.models.painter import Painter
from master_thesis.ops.pixels import pixel_positions
from master_thesis.ops.position_map import Places, PositionMap, hallucinated_in
from master_thesis.runtime.ahead import one_ahead


class Photomontage:
    """Fills the frames of one sequence.

    Args:
        frames: RGB in [0, 255], whole numbers or with 16 bits; their colours inside the holes do not matter.
        holes: what is to be filled.
        painter: hallucinates what no frame shows.
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
        self.frames, self.holes, self.motions = frames, holes, motions
        self.finisher = Finisher(frames, holes, motions, PicturePainter(painter, device))
        self.judge = Judge(frames, holes, motions)

    def fill(
        self, targets: range, past: Picture | None = None, filled: Mapping[int, FilledHole] | None = None
    ) -> Iterator[tuple[int, FilledHole]]:
        """Yields the targets that have a hole, filled, in order.

        Args:
            targets: neighbouring frames.
            past: the frame before them, if it was filled before: what was hallucinated in it is carried on.
            filled: targets that were filled before; None: none. Their colours are kept.
        """
        done = filled or {}
        taken = None if past is None else self._taken_over(targets.start - 1, past)
        rims = Rims(self.holes, self.motions, targets)
        last: Chosen | None = None
        for t, chosen in one_ahead(choose_sources(self.frames, self.holes, self.motions, targets)):
            wide, colours = chosen.wide, chosen.colours
            places = self._judged(t, chosen.places, rims.completed(t, chosen))
            carried = followed(taken, points_of(wide), partial(self.motions.behind, t))
            if taken is not None and last is not None and self.motions.is_repeat(t):
                # What the frame before shows, so that nothing flickers; what was hallucinated there may be visible now.
                is_kept = (carried.source >= 0) | (carried.source == hallucinated_in(targets.start - 1))
                shown = np.full((*wide.shape, 3), np.nan, np.float32)
                shown[last.wide] = last.colours
                places, colours = carried.where(is_kept, places), np.where(is_kept[:, None], shown[wide], colours)
                places = places.where(places.is_known, carried)
            else:
                places = self._judged(t, places, carried)
            last = replace(chosen, places=places, colours=colours)
            hole, places = self.finisher.finish(t, last, done.get(t))
            taken = PositionMap.of(t, wide, places)
            if len(hole.source):
                yield t, hole

    def _judged(self, t: int, chosen: Places, others: Places) -> Places:
        """The places that were chosen, and those of others that fit the frame where there are none."""
        is_wanted = ~chosen.is_known & is_outside(self.holes, others)
        others = others.where(is_wanted, Places.nowhere(others.xy))
        return chosen.where(chosen.is_known, self.judge.fitting(t, others, self.finisher.sampled(t, others)))

    def _taken_over(self, t: int, picture: Picture) -> PositionMap:
        """The map of a frame that was filled before, as if all of it had been hallucinated."""
        name, size = self.finisher.take_over(t, picture), picture.shape[:2]
        return PositionMap(np.full(size, name, np.int32), pixel_positions(*size))
