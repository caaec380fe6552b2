"""Judges what was not chosen together with other sources before it fills a hole: rims, and what is carried on.

What is hallucinated continues what surrounds its hole, and what is seen beside a hole is often part of the object.
Either may show what has gone since: an object that a mask leaves out, or leaves that pass before the camera.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from master_thesis.inpainting.comparison import Grid, Views
from master_thesis.inpainting.motions import Motions
from master_thesis.inpainting.rims import is_outside
from master_thesis.inpainting.sources import points_of
from master_thesis.inpainting.strangers import StrangerFinder
from master_thesis.ops.pixels import is_from_edge
from master_thesis.ops.position_map import NOWHERE, Places, hallucinated_in


class Judge:
    """Leaves out places whose surroundings are not those of the hole; several threads may ask.

    Args:
        views: of all frames.
        motions: of the frames.
    """

    def __init__(self, views: Views, motions: Motions) -> None:
        self.views, self.motions = views, motions

    def completed(
        self, t: int, chosen: Places, others: Places, colours_at: Callable[[int, Places], Float[np.ndarray, "N 3"]]
    ) -> Places:
        """The places that were chosen, and those of others that fit the frame where there are none.

        Args:
            t: the frame that is filled.
            chosen: places of its hole and the margin.
            others: the same, in frames or in what was hallucinated in them.
            colours_at: the colours of some, as the exposure of frame t shows them.
        """
        wide = self.views.wide[t]
        is_edge = (others.source >= 0) & is_from_edge(points_of(wide), others.xy, wide.shape)
        rest = np.flatnonzero(~chosen.is_known & others.is_known & ~is_edge)
        rest = rest[is_outside(self.views.wide.holes, others.at(rest))]
        if not len(rest):
            return chosen
        wanted = Places.nowhere(others.xy).replaced(rest, others.at(rest))
        return chosen.where(chosen.is_known, self.fitting(t, wanted, colours_at(t, wanted)))

    def fitting(self, t: int, places: Places, colours: Float[np.ndarray, "N 3"] | None = None) -> Places:
        """Those places of a hole that show, or were hallucinated beside, what is there in the frame, too.

        Args:
            t: the frame that is filled.
            places: of its hole and the margin, in frames or in what was hallucinated in them.
            colours: of these, in the exposure of the frame; None: those that the frames show.
        """
        wide = self.views.wide[t]
        finder = StrangerFinder(t, points_of(wide), Grid.around(wide), self.views, self.motions.exposures)
        frames = np.where(places.source >= NOWHERE, places.source, hallucinated_in(places.source)).astype(np.int32)
        return places.where(~finder.find(Places(frames, places.xy), colours), Places.nowhere(places.xy))
