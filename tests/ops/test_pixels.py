import numpy as np

from master_thesis.ops.pixels import is_shown, nearest_in, pixels_at


def test_the_nearest_pixel_of_a_mask_is_the_one_that_a_plain_search_finds():
    """The distance is approximate: 1, 1.4 and 2.2 for steps of a pixel, a diagonal and a knight's move."""
    mask = np.random.default_rng(0).random((20, 30)) < 0.05
    places = np.argwhere(mask)
    found = places[nearest_in(mask)]
    for y, x in np.ndindex(mask.shape):
        apart = np.hypot(*(places - (y, x)).T)
        assert np.hypot(*(found[y, x] - (y, x))) <= apart.min() * 1.05


def test_points_are_shown_in_the_pixels_that_they_lie_in_up_to_their_edges():
    """Among them points beside the frame, far away from it, and such as are no numbers."""
    rng = np.random.default_rng(4)
    hole, points = rng.random((7, 9)) < 0.4, rng.uniform(-2, 11, (4000, 2)).astype(np.float32)
    points[:2] = (np.nan, 3), (1e30, -1e30)
    index, is_inside = pixels_at(points, hole.shape)
    for point, i, inside, shown in zip(points, index, is_inside, is_shown(points, hole), strict=True):
        pixels = [(x, y) for y in range(7) for x in range(9) if max(abs(point[0] - x), abs(point[1] - y)) < 0.5]
        assert inside == bool(pixels)
        assert shown == any(not hole[y, x] for x, y in pixels)
        assert i == (pixels[0][1] * 9 + pixels[0][0] if pixels else 0)
