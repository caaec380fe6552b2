"""Holes are followed along the motion until a frame shows them."""

import numpy as np
import pytest

from master_thesis.inpainting.motions import Motions
from master_thesis.inpainting.sources import MARGIN_PX, WideHoles, points_of
from master_thesis.inpainting.trails import Order, followed_both_ways
from master_thesis.models.classical.exposure import Exposure
from master_thesis.models.classical.neighbours import NeighbourMotion


@pytest.mark.parametrize("step", [0.3, 0.45, 0.6, 0.8, 1.4, 2.6])
def test_slow_pans_show_as_much_as_they_move(step: float) -> None:
    """A hole that stays where it is in the picture, and a camera that moves by a part of a pixel per frame."""
    size, count = (60, 80), round(12 / step) + 1
    motion = NeighbourMotion.of_camera(np.array([[1, 0, -step], [0, 1, 0], [0, 0, 1]]))
    motions = Motions(dict.fromkeys(range(count - 1), motion), [Exposure.unchanged()] * count)
    hole = np.zeros(size, bool)
    hole[20:40, 25:55] = True
    wide = WideHoles([hole] * count)
    followed = dict(followed_both_ways(wide, motions, Order(range(count), count // 2)))
    for t, sides in followed.items():
        for margin, mask, found in (
            (MARGIN_PX, wide[t], [side.places for side in sides]),
            (0, hole, [side.rims for side in sides]),
        ):
            left, top = points_of(mask).T
            for places, sign in zip(found, (1, -1), strict=True):
                known = places.source >= 0
                moved = left + sign * step * np.abs(places.source - t)
                np.testing.assert_allclose(places.xy[known], np.stack((moved, top), axis=-1)[known], atol=1e-3)
                assert not mask[25, np.rint(places.xy[known, 0]).astype(int)].any()
            # Nothing comes out of the hole above or below it.
            extent = 30 + 2 * margin
            shown = min(step * (count - 1) / extent, 1)
            assert abs((found[0].is_known | found[1].is_known).mean() - shown) < 0.05
