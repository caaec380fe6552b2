"""Judges what was not chosen together with other sources before it fills a hole: rims, and what is carried on.

What is hallucinated continues what surrounds its hole, and what is seen beside a hole is often part of the object.
Either may show what has gone since: an object that a mask leaves out, or leaves that pass before the camera.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from master_thesis.inpainting.candidates import Grid, Views
from master_thesis.inpainting.motions import Hole, Motions, Picture
from master_thesis.inpainting.sources import WideHoles, points_of
from master_thesis.inpainting.strangers import StrangerFinder
from master_thesis.ops.position_map import NOWHERE, Places, frames_in, hallucinated_in


class Judge:
    """Leaves out places whose surroundings are not those of the hole.

    Args:
        frames: RGB in [0, 255].
        holes: of all frames.
        motions: of the frames.
    """

    def __init__(self, frames: Sequence[Picture], holes: Sequence[Hole], motions: Motions) -> None:
        self.motions, self.views = motions, Views(frames, WideHoles(holes))

    def fitting(self, t: int, places: Places, colours: Float[np.ndarray, "N 3"]) -> Places:
        """Those places of a hole that show, or were hallucinated beside, what is there in the frame, too.

        Args:
            t: the frame that is filled.
            places: of its hole and the margin, in frames or in what was hallucinated in them.
            colours: of these, in the exposure of the frame.
        """
        if not places.is_known.any():
            return places
        wide = self.views.wide[t]
        points = points_of(wide)
        finder = StrangerFinder(t, points, Grid.around(wide), self.views, self.motions.exposures)
        frames = np.where(places.source >= NOWHERE, places.source, hallucinated_in(places.source)).astype(np.int32)
        strange = finder.find(Places(frames, places.xy), colours)
        self.views.keep_near(t, 0, frames_in(frames))
        return places.where(~strange, Places.nowhere(places.xy))
