import numpy as np

from master_thesis.ops.pixels import nearest_in


def test_the_nearest_pixel_of_a_mask_is_the_one_that_a_plain_search_finds():
    """The distance is approximate: 1, 1.4 and 2.2 for steps of a pixel, a diagonal and a knight's move."""
    mask = np.random.default_rng(0).random((20, 30)) < 0.05
    places = np.argwhere(mask)
    found = places[nearest_in(mask)]
    for y, x in np.ndindex(mask.shape):
        apart = np.hypot(*(places - (y, x)).T)
        assert np.hypot(*(found[y, x] - (y, x))) <= apart.min() * 1.05
