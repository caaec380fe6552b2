"""What is visible at any distance from a hole is copied before anything is hallucinated, and never the hole itself."""

import cv2
import numpy as np
import pytest

from master_thesis.inpainting.motions import Motions
from master_thesis.inpainting.photomontage import Photomontage
from master_thesis.inpainting.rims import TOUCH, _touching, is_outside, sample_outside
from master_thesis.models.painter import SmoothPainter
from master_thesis.ops.pixels import sample_at
from master_thesis.ops.position_map import Places

SIZE, NUM_FRAMES, STEP = (96, 128), 6, 4


def test_all_that_is_visible_is_copied() -> None:
    """A short pan: each frame shows of a hole that stands still what the camera moved until then, to the pixel.

    Close to the border of the hole, less may be copied.
    """
    noise = np.random.default_rng(0).integers(0, 256, (SIZE[0], SIZE[1] + NUM_FRAMES * STEP, 3)).astype(np.uint8)
    scene = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 1.5), None, 30, 225, cv2.NORM_MINMAX)
    hole = np.zeros(SIZE, bool)
    hole[30:60, 40:80] = True
    pan = [scene[:, STEP * t : STEP * t + SIZE[1]] for t in range(NUM_FRAMES)]
    masked = [np.where(hole[..., None], 255, frame).astype(np.uint8) for frame in pan]
    montage = Photomontage(masked, [hole] * NUM_FRAMES, SmoothPainter(), Motions.of(masked, [hole] * NUM_FRAMES))
    for t, filled in montage.fill(range(NUM_FRAMES)):
        is_copied = np.zeros(SIZE, bool)
        is_copied[hole] = filled.source >= 0
        from_left, from_right = STEP * t, STEP * (NUM_FRAMES - 1 - t)
        expected = hole.copy()
        expected[:, 40 + from_right : 80 - from_left] = False
        assert not (is_copied & ~expected)[:, 41:79].any()
        deep = cv2.erode(hole.astype(np.uint8), np.ones((11, 11))) > 0
        assert (is_copied != expected)[deep].mean() < 0.001
        error = np.abs(filled.colours.astype(int) - pan[t][hole])
        is_hallucinated = (hole & ~is_copied).astype(np.uint8)
        is_beside = (cv2.dilate(is_hallucinated, np.ones((5, 5))) > 0)[hole] & is_copied[hole]
        is_away = is_copied[hole] & ~is_beside
        assert np.median(error[is_away]) <= 1
        assert np.percentile(error[is_away], 99) <= 11
        # Within 2 px of what is hallucinated they are joined to it. It is smooth here, while the scene has steps of 20.
        assert np.percentile(error[is_beside], 99) <= 20


@pytest.mark.parametrize("shift", [0.0, 0.3, 0.8])
def test_samples_beside_a_hole_show_nothing_of_it(shift: float) -> None:
    ramp = np.repeat(np.arange(0, 120, 3)[None, :, None], 20, axis=0).repeat(3, axis=2).astype(np.float32)
    hole = np.zeros((20, 40), bool)
    hole[5:15, 10:30] = True
    marked = np.where(hole[..., None], 255, ramp)
    y, x = np.nonzero(~hole)
    points = np.stack((x, y), axis=-1).astype(np.float32)[(x > 2) & (x < 37)] + np.float32((shift, 0))
    sampled = sample_outside(marked, hole, points)
    assert np.abs(sampled[:, 0] - 3 * points[:, 0]).max() <= 3  # one step of the ramp; the hole is far brighter
    away = (points[:, 0] < 7) | (points[:, 0] > 32)
    assert np.abs(sampled[away, 0] - 3 * points[away, 0]).max() < 0.3  # OpenCV is no closer on a ramp


def test_what_hides_in_the_holes_does_not_matter() -> None:
    """Places that lie in the hole of their own frame are not taken, though they are followed to its border."""
    noise = np.random.default_rng(1).integers(0, 256, (SIZE[0], SIZE[1] + 60, 3)).astype(np.uint8)
    scene = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 1.5), None, 30, 225, cv2.NORM_MINMAX)
    holes, pan = [], []
    for t in range(NUM_FRAMES):
        turn = cv2.getRotationMatrix2D((64, 48), 1.7 * t, 1 + 0.01 * t)
        turn[0, 2] -= 3.3 * t
        pan.append(cv2.warpAffine(scene, turn, SIZE[::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT))
        hole = np.zeros(SIZE, np.uint8)
        cv2.ellipse(hole, (60 - 2 * t, 48 + t), (26, 17), 11.0 * t, 0, 360, 1, -1)
        holes.append(hole > 0)
    shown = [
        [np.where(h[..., None], tone, f).astype(np.uint8) for h, f in zip(holes, pan, strict=True)] for tone in (0, 255)
    ]
    motions = Motions.of(shown[0], holes)
    dark, light = (dict(Photomontage(s, holes, SmoothPainter(), motions).fill(range(NUM_FRAMES))) for s in shown)
    for t in range(NUM_FRAMES):
        is_copied = dark[t].source >= 0
        assert np.abs(dark[t].colours.astype(int) - light[t].colours)[is_copied].max() < 128


def test_samples_that_touch_a_hole_are_found_without_reading_all_of_it() -> None:
    rng, hole = np.random.default_rng(3), np.zeros((60, 90), bool)
    hole[20:30, 40:60] = True
    points = np.concatenate((rng.uniform(0, (89, 59), (300, 2)), rng.uniform((36, 16), (64, 34), (300, 2))))
    points = points.astype(np.float32)
    weight = np.abs(cv2.remap(hole.astype(np.float32), points[None], None, cv2.INTER_CUBIC)[0])
    assert (_touching(hole, points) == np.flatnonzero(weight > TOUCH)).all()
    assert [len(_touching(hole, point[None])) for point in points] == (weight > TOUCH).astype(int).tolist()
    assert not len(_touching(hole, points[:0]))


def test_what_is_outside_is_what_shows_any_pixel_beside_the_hole() -> None:
    random = np.random.default_rng(2)
    holes = [cv2.GaussianBlur(random.normal(size=(40, 50)), (0, 0), 2) > 0.03 for _ in range(8)]
    points = random.uniform(-3, 53, (2000, 2)).astype(np.float32)
    places = Places(random.integers(-3, len(holes), 2000).astype(np.int32), points)
    found = is_outside(holes, places)
    for number, point, is_found in zip(places.source, points, found, strict=True):
        share = sample_at((~holes[number]).astype(np.float32), point[None])[0] if number >= 0 else 1
        assert is_found == (share > TOUCH)
    assert 0.05 < 1 - found.mean() < 0.5
