"""Sources are chosen together: one frame that shows something else does not decide."""

import cv2
import numpy as np
import pytest

from master_thesis.inpainting import candidates, decisions, labels
from master_thesis.inpainting.candidates import followed_candidate
from master_thesis.inpainting.choosing import choose_sources
from master_thesis.inpainting.comparison import Grid, Views, visible_around
from master_thesis.inpainting.motions import Motions
from master_thesis.inpainting.sources import WideHoles, points_of, too_close
from master_thesis.inpainting.trails import Order
from master_thesis.ops.position_map import NOWHERE, Places

SIZE, NUM_FRAMES, STEP, TARGET = (96, 128), 9, 9, 4


@pytest.fixture(scope="module")
def scene():
    """A panning camera behind a spot on the lens; in the frame after the target something passes."""
    noise = np.random.default_rng(3).integers(0, 256, (SIZE[0], SIZE[1] + NUM_FRAMES * STEP, 3)).astype(np.uint8)
    panorama = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 1.5), None, 30, 200, cv2.NORM_MINMAX)
    frames = [panorama[:, STEP * t : STEP * t + SIZE[1]].copy() for t in range(NUM_FRAMES)]
    hole = np.zeros(SIZE, bool)
    hole[40:56, 60:68] = True
    truth = frames[TARGET][too_close(hole)]
    frames[TARGET + 1][40:56, 60 - STEP : 68 - STEP] = 255
    holes = [hole] * NUM_FRAMES
    masked = [np.where(hole[..., None], 124, frame).astype(np.uint8) for frame in frames]
    return masked, holes, Motions.of(masked, holes), truth, hole


def test_what_passes_in_one_frame_is_not_copied(scene) -> None:
    frames, holes, motions, truth, hole = scene
    ((_, chosen),) = choose_sources(Views(frames, WideHoles(holes)), motions, Order(range(TARGET, TARGET + 1), TARGET))
    error = np.abs(chosen.colours - truth)[hole[chosen.wide]]
    assert np.nanpercentile(error, 90) < 20
    assert (chosen.places.source[hole[chosen.wide]] != TARGET + 1).mean() > 0.9


def test_nothing_is_chosen_from_the_frame_itself_or_from_holes(scene) -> None:
    frames, holes, motions, _, hole = scene
    for t, chosen in choose_sources(Views(frames, WideHoles(holes)), motions, Order(range(2, 4), 3)):
        known = chosen.places.is_known
        assert known.mean() > 0.95
        assert (chosen.places.source[known] != t).all()
        x, y = np.rint(chosen.places.xy[known]).astype(int).T
        assert not hole[y, x].any()


def test_candidates_are_compared_in_the_hole_alone_with_the_same_result(scene, monkeypatch) -> None:
    frames, holes, motions, _, _ = scene
    order = Order(range(TARGET, TARGET + 1), TARGET)
    ((_, chosen),) = choose_sources(Views(frames, WideHoles(holes)), motions, order)
    sizes, hole_in = [], labels._hole_in

    def everywhere(visible):
        sizes.append((visible[hole_in(visible)].size, visible.size))
        return slice(0, visible.shape[0]), slice(0, visible.shape[1])

    monkeypatch.setattr(labels, "_hole_in", everywhere)
    ((_, expected),) = choose_sources(Views(frames, WideHoles(holes)), motions, order)
    assert sizes[0][0] < 0.7 * sizes[0][1]
    assert (chosen.places.source == expected.places.source).all()
    assert (chosen.places.xy == expected.places.xy).all()
    np.testing.assert_array_equal(chosen.colours, expected.colours)


def test_corners_are_compared_with_frames_that_are_three_or_more_away_alone(scene, monkeypatch) -> None:
    frames, holes, motions, _, _ = scene
    compared, views = [], Views(frames, WideHoles(holes))
    monkeypatch.setattr(candidates, "refine_corners", lambda pairs, *_: compared.append(pairs) or pairs)
    steps = [sorted(k for k, _, _ in each) for each in candidates._plane_motions(TARGET, views, motions)]
    assert steps == [[3, 5], [2, 6], [1, 7], [0, 8]]
    assert len(compared) == 4


def test_the_best_candidates_are_those_of_a_search_among_all() -> None:
    rng, hole = np.random.default_rng(0), np.zeros((120, 864), bool)
    hole[20:100, 300:420] = True
    grid, points, count = Grid.around(hole), points_of(hole) + np.float32((0.3, -0.2)), 5
    coarse = rng.integers(0, count, (8, 12)).astype(np.uint8)
    label = cv2.resize(coarse, grid.points.shape[1::-1], interpolation=cv2.INTER_NEAREST).astype(int)
    known, weights = rng.random((count, len(points))) < 0.6, rng.random((count, len(points))).astype(np.float32)
    shares = grid.read(label == np.arange(count)[:, None, None], points)
    expected = np.where(known.any(axis=0), ((1e-6 + weights + 2 * shares) * known).argmax(axis=0), NOWHERE)
    assert (expected == NOWHERE).any()
    assert (decisions._best(points, known, weights, grid, label) == expected).all()
    uniform = grid.read_uniform(label, points)
    assert 0.3 < (uniform >= 0).mean() < 0.9
    assert shares[uniform, np.arange(len(points))][uniform >= 0].min() > 1 - 1e-5


def test_the_fringe_of_an_object_whose_mask_is_too_tight_is_not_copied() -> None:
    """A still camera before which a disc lingers and leaves: only the last frames show all of what is behind it."""
    noise = np.random.default_rng(5).integers(0, 256, (*SIZE, 3)).astype(np.uint8)
    ground = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 2), None, 60, 140, cv2.NORM_MINMAX).astype(np.uint8)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    distances = [np.hypot(y - 48, x - (40 + 1.5 * t if t < 10 else 100)) for t in range(16)]
    frames = [np.where(distance[..., None] < 15, 250, ground).astype(np.uint8) for distance in distances]
    holes = [distance < 10 for distance in distances]
    ((_, chosen),) = choose_sources(Views(frames, WideHoles(holes)), Motions.of(frames, holes), Order(range(3, 4), 3))
    pairs = zip(chosen.places.source, chosen.places.xy.tolist(), strict=True)
    read = np.stack([frames[k][round(y), round(x)] for k, (x, y) in pairs])
    colours = np.where(np.isnan(chosen.colours), read, chosen.colours)
    is_wrong = np.abs(colours - ground[chosen.wide]).max(axis=1) > 40
    assert is_wrong[holes[3][chosen.wide]].mean() < 0.05


def test_what_was_followed_is_compared_around_the_hole_as_well() -> None:
    """The pixels of a hole were followed to a frame that lies two pixels to the right, or to a wrong place in it."""
    noise = np.random.default_rng(6).integers(0, 256, (*SIZE, 3)).astype(np.uint8)
    first = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 1.5), None, 30, 200, cv2.NORM_MINMAX).astype(np.uint8)
    frames, hole = [first, np.roll(first, 2, axis=1)], np.zeros(SIZE, bool)
    hole[40:56, 60:68] = True
    views, grid, points = Views(frames, WideHoles([hole, np.zeros_like(hole)])), Grid.around(hole), points_of(hole)
    errors = []
    for shift in ((2, 0), (-4, 3)):
        places = Places(np.ones(len(points), np.int32), points + np.float32(shift))
        candidate = followed_candidate(places, hole, grid, views)
        visible = visible_around(hole, grid)
        assert (candidate.origin[visible] == 1).mean() > 0.9
        here = first[grid.points[..., 1].astype(int), grid.points[..., 0].astype(int)]
        errors.append(np.abs(candidate.colours.astype(float) - here)[visible & (candidate.origin == 1)].mean())
    assert errors[0] < 0.5
    assert errors[1] > 10
