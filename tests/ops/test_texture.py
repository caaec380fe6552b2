"""What was painted in a reduced picture is enlarged with the texture of the picture."""

import cv2
import numpy as np
import pytest

from master_thesis.ops.pixels import sample_at
from master_thesis.ops.texture import RADIUS, enlarge_painted, reduce_known, similar_cells

SIZE, PERIOD = (96, 131), 16


@pytest.fixture(scope="module")
def tiles():
    """Noise that repeats, with a hole."""
    tile = np.random.default_rng(0).integers(0, 256, (PERIOD, PERIOD, 3)).astype(np.uint8)
    picture = np.tile(tile, (SIZE[0] // PERIOD + 1, SIZE[1] // PERIOD + 1, 1))[: SIZE[0], : SIZE[1]].copy()
    hole = np.zeros(SIZE, bool)
    hole[30:61, 40:90] = True
    return picture, hole


@pytest.mark.parametrize("step", [2, 4])
def test_a_texture_is_found_again_at_full_size(tiles, step):
    picture, hole = tiles
    painted, _ = reduce_known(picture, hole, step)
    masked = np.where(hole[..., None], 0, picture).astype(np.uint8)
    enlarged = enlarge_painted(painted.astype(np.float32), masked, hole, step)
    np.testing.assert_array_equal(enlarged[~hole], picture[~hole])
    error = np.abs(enlarged - picture)[hole].mean()
    y, x = np.nonzero(hole)
    places = ((np.stack((x, y), axis=-1) + 0.5) / step - 0.5).astype(np.float32)
    blurred = np.abs(sample_at(painted.astype(np.float32), places) - picture[hole]).mean()
    assert error < 0.1 * blurred


def test_the_mean_colours_are_those_that_were_painted(tiles):
    picture, hole = tiles
    small, is_cell = reduce_known(picture, hole, 2)
    painted = np.where(is_cell[..., None], 200, small).astype(np.float32)
    enlarged = enlarge_painted(painted, picture, hole, 2)
    np.testing.assert_allclose(enlarged[36:55, 46:84].mean(axis=(0, 1)), 200, atol=3)


def test_similar_cells_are_nearly_as_good_as_the_best_of_all():
    random = np.random.default_rng(1)
    painted = cv2.GaussianBlur(random.integers(0, 256, (24, 24, 3)).astype(np.float32), (0, 0), 1)
    is_cell = np.zeros((24, 24), bool)
    is_cell[10:14, 10:14] = True
    source = similar_cells(painted, is_cell, np.random.default_rng(0))
    reach = slice(-RADIUS, RADIUS + 1, 2)
    steps = [(y, x) for y in range(reach.start, reach.stop, 2) for x in range(reach.start, reach.stop, 2)]

    def cost(cell, place):
        return sum(
            ((painted[cell[0] + y, cell[1] + x] - painted[place[0] + y, place[1] + x]) ** 2).sum() for y, x in steps
        )

    known = [(y, x) for y in range(2, 22) for x in range(2, 22) if not is_cell[y - 2 : y + 3, x - 2 : x + 3].any()]
    cells = np.argwhere(is_cell).tolist()
    assert all(tuple(source[y, x]) in known for y, x in cells)
    found = sum(cost(cell, source[tuple(cell)]) for cell in cells)
    assert found < 1.15 * sum(min(cost(cell, place) for place in known) for cell in cells)


def test_where_nothing_is_known_around_any_cell_the_painted_colours_are_enlarged():
    picture, hole = np.zeros((8, 8, 3), np.uint8), np.ones((8, 8), bool)
    hole[0, 0] = False
    assert (enlarge_painted(np.full((4, 4, 3), 90, np.float32), picture, hole, 2)[hole] == 90).all()


@pytest.mark.parametrize("step", [2, 3])
def test_what_is_enlarged_meets_the_picture(step):
    """On a texture that never repeats, patches of other places would show at the border."""
    noise = np.random.default_rng(2).integers(0, 256, (*SIZE, 3)).astype(np.float32)
    picture = (4 * (cv2.GaussianBlur(noise, (0, 0), 1) - 127) + 127).clip(0, 255).astype(np.uint8)
    hole = np.zeros(SIZE, bool)
    hole[30:61, 40:90] = True
    painted, _ = reduce_known(picture, hole, step)
    enlarged = enlarge_painted(painted.astype(np.float32), picture, hole, step)
    across = lambda image: np.abs(image[30, 40:90] - image[29, 40:90].astype(np.float32)).mean()  # noqa: E731
    assert across(enlarged) < 1.2 * across(picture)
