"""Photomontage (pm): each hole is put together from the original frames, at their own resolution.

The motion between neighbouring frames is measured once, and continued into the holes. Along it every pixel of a hole is
followed, forwards and backwards, until a frame shows it; what the next frame has found is carried on, so that both
frames take a pixel from the same place. Planes of the scene lead to further places, among which the sources are chosen
together. Colours are read at the end, from original frames. What no frame shows is hallucinated in a key frame first,
and carried on from there in the same way, backwards and forwards.

Source: Agarwala et al., Interactive Digital Photomontage, 2004; Granados et al., How Not to Be Seen, 2012.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float

from master_thesis.inpainting.choosing import choose_sources
from master_thesis.inpainting.comparison import Views
from master_thesis.inpainting.finishing import FilledHole, Finisher
from master_thesis.inpainting.judging import Judge
from master_thesis.inpainting.keys import key_frame
from master_thesis.inpainting.motions import Hole, Motions, Picture
from master_thesis.inpainting.painting import PicturePainter, parts_of
from master_thesis.inpainting.sources import Chosen, WideHoles, points_of
from master_thesis.inpainting.steadying import FilledFrame, Steadier
from master_thesis.inpainting.trails import Order
from master_thesis.models.painter import Painter
from master_thesis.ops.position_map import NOWHERE, Places, PositionMap, frames_in, hallucinated_in
from master_thesis.runtime.ahead import one_ahead, side_by_side

LEAST_FILLED = 0.5
"""Share of an open part that was hallucinated before from which that is shown again: a part painted in one piece has
fewer seams."""


@dataclass(frozen=True)
class Taken:
    """What a filled frame passes on to its neighbours.

    Attributes:
        number: of the frame.
        wide: the pixels of its hole and the margin.
        places: where they are copied from.
        hallucinated: where what has been hallucinated shows them.
        parts: the sources that this names.
        chosen: what the hole was filled from; None: it was filled before.
    """

    number: int
    wide: Hole
    places: Places
    hallucinated: Places
    parts: Sequence[int]
    chosen: Chosen | None = None

    @staticmethod
    def of(t: int, chosen: Chosen, places: Places, hallucinated: Places) -> Taken:
        """That of frame t, for which something has been hallucinated before."""
        hallucinated = places.where(places.source < NOWHERE, hallucinated)
        return Taken(t, chosen.wide, places, hallucinated, frames_in(hallucinated.source), chosen)

    def followed(self, moved: Float[np.ndarray, "N 2"]) -> Places:
        """Where the frame takes points of it from."""
        return PositionMap.of(self.number, self.wide, self.places).at(moved)

    def followed_hallucinated(self, moved: Float[np.ndarray, "N 2"]) -> Places:
        """Where what has been hallucinated shows points of the frame."""
        places = PositionMap.of(self.number, self.wide, self.hallucinated).at(moved)
        return places.where(places.source < NOWHERE, Places.nowhere(places.xy))


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
        self.views = Views(frames, WideHoles(holes))
        self.judge = Judge(self.views, motions)

    def fill(
        self, targets: range, past: Picture | None = None, filled: Mapping[int, FilledHole] | None = None
    ) -> Iterator[tuple[int, FilledHole]]:
        """Yields the targets that have a hole, filled: from a key frame backwards, then from it forwards.

        Args:
            targets: neighbouring frames.
            past: the frame before them, if it was filled before: what was hallucinated in it is carried on.
            filled: targets that were filled before; None: none. Their colours are kept.
        """
        done = filled or {}
        key = targets.start - 1 if past is not None else key_frame(self.frames, self.holes, self.motions, targets)
        before = None if past is None else FilledFrame(key, past, self.holes[key])
        steadier = Steadier(self.frames, self.holes, self.motions, before, done)
        alone = self._filled_alone(Order(targets, key), past, done)
        yield from side_by_side(steadier.steadied, alone, num_threads=1)

    def _filled_alone(
        self, order: Order, past: Picture | None, done: Mapping[int, FilledHole]
    ) -> Iterator[tuple[int, FilledHole]]:
        """Fills the targets that have a hole, without a look at the colours of their neighbours."""
        last = first = None if past is None else self._taken_over(order.key, past)
        for t, chosen in one_ahead(choose_sources(self.views, self.motions, order)):
            last = first if t == order.key + 1 else last
            shown, chosen = self._carried_on(t, chosen, last, order)
            chosen = self._completed(t, chosen, self._mostly_filling(t, chosen, shown))
            hole, places = self.finisher.finish(t, chosen, done.get(t))
            last = Taken.of(t, chosen, places, shown)
            first = last if t == order.key else first
            self.finisher.keep_hallucinated({*last.parts, *(first.parts if first else ())})
            if len(hole.source):
                yield t, hole

    def _mostly_filling(self, t: int, chosen: Chosen, shown: Places) -> Places:
        """What has been hallucinated before, in the open parts of a hole that it fills for the most part."""
        is_filled = shown.is_known & ~chosen.places.is_known
        if not is_filled.any():
            return Places.nowhere(shown.xy)
        is_open, filled, result = (np.zeros(chosen.wide.shape, bool) for _ in range(3))
        is_open[chosen.wide], filled[chosen.wide] = ~chosen.places.is_known, is_filled
        for part in parts_of(is_open & self.holes[t]):
            if filled[part].mean() >= LEAST_FILLED:
                result |= part
        return shown.where(result[chosen.wide], Places.nowhere(shown.xy))

    def _carried_on(self, t: int, chosen: Chosen, last: Taken | None, order: Order) -> tuple[Places, Chosen]:
        """What has been hallucinated where a hole lies, and what is chosen, completed by what its neighbour took."""
        points, is_open = points_of(chosen.wide), ~chosen.places.is_known
        nothing = Places.nowhere(points)
        if last is None:
            return nothing, chosen
        is_repeat = last.chosen is not None and self.motions.is_repeat(max(t, last.number))
        if not (last.parts or is_repeat or is_open.any()):
            return nothing, chosen
        moved = self.motions.between(t, last.number, points)
        shown = last.followed_hallucinated(moved) if last.parts else nothing
        if is_repeat:
            return shown, self._repeated(chosen, last, last.followed(moved), order)
        rest = np.flatnonzero(is_open)
        carried = nothing.replaced(rest, last.followed(moved.take(rest, axis=0))) if len(rest) else nothing
        return shown, self._completed(t, chosen, carried)

    def _repeated(self, chosen: Chosen, last: Taken, carried: Places, order: Order) -> Chosen:
        """What the neighbour shows, so that nothing flickers; what was hallucinated there may be visible now."""
        assert last.chosen is not None
        is_kept = (carried.source >= 0) | (carried.source == hallucinated_in(order.targets.start - 1))
        shown = np.full((*chosen.wide.shape, 3), np.nan, np.float32)
        shown[last.wide] = last.chosen.colours
        colours = np.where(is_kept[:, None], shown[chosen.wide], chosen.colours)
        places = carried.where(is_kept, chosen.places)
        return replace(chosen, places=places.where(places.is_known, carried), colours=colours)

    def _completed(self, t: int, chosen: Chosen, others: Places) -> Chosen:
        """What is chosen, and other places that fit the frame where nothing is."""
        return replace(chosen, places=self.judge.completed(t, chosen.places, others, self.finisher.sampled))

    def _taken_over(self, t: int, picture: Picture) -> Taken:
        """What a frame passes on that was filled before, as if all of it had been hallucinated."""
        name, everywhere = self.finisher.take_over(t, picture), np.ones(picture.shape[:2], bool)
        places = Places(np.full(everywhere.size, name, np.int32), points_of(everywhere))
        return Taken(t, everywhere, places, places, [name])
