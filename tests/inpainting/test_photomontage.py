"""Holes are put together from original frames: sharp, in the right exposure, and the same from frame to frame."""

import cv2
import numpy as np
import pytest
import torch

from master_thesis.configs.inpainting import InpaintOptions
from master_thesis.inpainting import photomontage, steadying
from master_thesis.inpainting.canvas import HALLUCINATED
from master_thesis.inpainting.inpainter import Inpainter
from master_thesis.inpainting.motions import Motions
from master_thesis.inpainting.photomontage import Photomontage
from master_thesis.inpainting.sources import Chosen
from master_thesis.models.painter import Painter, SmoothPainter
from master_thesis.ops.position_map import NOWHERE, Places
from tests.factories import StillAligner

SIZE, NUM_FRAMES, STEP = (96, 128), 8, 7


class Tones(Painter):
    """Paints a tone that it has never used before."""

    def __init__(self):
        self.num_calls = 0

    def paint_one(self, frame):
        assert not torch.is_grad_enabled()
        self.num_calls += 1
        return torch.full_like(frame.colours, 0.2 + 0.1 * self.num_calls)


@pytest.fixture(scope="module")
def panorama():
    noise = np.random.default_rng(0).integers(0, 256, (SIZE[0], SIZE[1] + NUM_FRAMES * STEP, 3)).astype(np.uint8)
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 1.5), None, 30, 225, cv2.NORM_MINMAX)


@pytest.fixture(scope="module")
def pan(panorama):
    """A panning camera."""
    return [panorama[:, STEP * t : STEP * t + SIZE[1]] for t in range(NUM_FRAMES)]


@pytest.fixture(scope="module")
def still(panorama):
    return [panorama[:, : SIZE[1]]] * 4


def block(*place):
    hole = np.zeros(SIZE, bool)
    hole[place] = True
    return hole


HOLE = block(slice(36, 60), slice(50, 70))


def montage(frames, holes, painter=None):
    masked = [np.where(hole[..., None], 124, frame).astype(np.uint8) for frame, hole in zip(frames, holes, strict=True)]
    return Photomontage(masked, holes, painter or SmoothPainter(), Motions.of(masked, holes))


def test_what_other_frames_show_is_copied_sharply_from_the_nearest_of_them(pan) -> None:
    filled = dict(montage(pan, [HOLE] * NUM_FRAMES).fill(range(NUM_FRAMES)))
    assert sorted(filled) == list(range(NUM_FRAMES))
    for t, frame in enumerate(pan):
        is_copied = filled[t].source != HALLUCINATED
        assert is_copied.mean() > 0.95
        error = np.abs(filled[t].colours.astype(int) - frame[HOLE])[is_copied]
        assert np.median(error) <= 2
        assert np.percentile(error, 95) < 20
        # A hole of 20 px that moves by 7 px a frame is shown by the third frame at the latest, and so are its margins.
        distance = np.abs(filled[t].source[is_copied] - t)
        assert distance.min() >= 1
        assert 2 <= t < NUM_FRAMES - 4 or distance.max() <= 5


def test_a_frame_without_a_hole_shows_everything(pan) -> None:
    holes = [HOLE, np.zeros(SIZE, bool), HOLE]
    filled = dict(montage(pan[:3], holes).fill(range(3)))
    assert sorted(filled) == [0, 2]
    assert all((hole.source == 1).all() for hole in filled.values())


def test_what_no_frame_shows_is_hallucinated_once_and_carried_on(still) -> None:
    painter = Tones()
    filled = dict(montage(still, [HOLE] * 4, painter).fill(range(4)))
    assert painter.num_calls == 1
    for t, hole in filled.items():
        assert (hole.source == HALLUCINATED).all()
        # Borders are joined in each frame, so that what is carried on differs a little from where it was hallucinated.
        assert np.abs(hole.colours.astype(int) - filled[0].colours).mean() < 3  # a flat tone in strong texture
        assert np.abs(hole.colours.astype(int) - filled[min(t, 1)].colours).max() <= 1


@pytest.fixture(scope="module")
def passed():
    """A pan past something that no frame shows: it enters from frame 2 on, and leaves after frame 5."""
    noise = np.random.default_rng(3).integers(0, 256, (SIZE[0], SIZE[1] + 8 * 20, 3)).astype(np.uint8)
    scene = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 1.5), None, 30, 225, cv2.NORM_MINMAX)
    holes = [block(slice(30, 70), slice(max(150 - 20 * t, 0), 200 - 20 * t)) for t in range(8)]
    return [scene[:, 20 * t : 20 * t + SIZE[1]] for t in range(8)], holes


def test_what_enters_bit_by_bit_is_hallucinated_in_one_piece(passed) -> None:
    painter = Tones()
    filled = list(montage(*passed, painter).fill(range(8)))
    assert [t for t, _ in filled] == [4, 3, 2, 5, 6, 7]
    assert painter.num_calls == 1
    for t, hole in filled:
        assert (hole.source == HALLUCINATED).all()
        deep = cv2.erode(passed[1][t].astype(np.uint8), np.ones((9, 9)))[passed[1][t]] > 0
        assert abs(np.median(hole.colours[deep]) - 0.3 * 255) < 5


def test_work_that_was_interrupted_before_or_after_the_key_frame_goes_on_alike(passed) -> None:
    expected = dict(montage(*passed).fill(range(8)))
    for count in (1, 2, 4):
        done = dict(list(expected.items())[:count])
        again = dict(montage(*passed).fill(range(8), filled=done))
        for t, hole in again.items():
            assert (hole.colours == expected[t].colours).all()
            assert (hole.source == expected[t].source).all()


def test_what_was_hallucinated_is_shown_again_though_a_frame_between_copied_it(still) -> None:
    """Frames 0 and 2 refuse what frames 1 and 3 show."""
    holes, painter, noise = [HOLE, HOLE, HOLE, np.zeros(SIZE, bool)], Tones(), np.random.default_rng(1).normal(0, 2, 4)
    lit = [(frame + n).round().astype(np.uint8) for frame, n in zip(still, noise, strict=True)]  # no frame repeats one
    assembled = montage(lit, holes, painter)

    def fitting(t, places, _):
        return places.where((t == 1) | (places.source < NOWHERE), Places.nowhere(places.xy))

    assembled.judge.fitting = fitting
    found = photomontage.choose_sources

    def choose(*arguments):
        for t, chosen in found(*arguments):
            count = len(chosen.places.source)
            places, colours = Places.nowhere(chosen.places.xy), np.full((count, 3), np.nan, np.float32)
            yield t, chosen if t == 1 else Chosen(chosen.wide, places, colours, np.ones(count, bool))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(photomontage, "choose_sources", choose)
        patch.setattr(steadying, "steadied", lambda frame, *_: frame.picture[frame.hole].astype(np.float32))
        filled = dict(assembled.fill(range(4)))
    assert painter.num_calls == 1
    assert (filled[1].source == 3).all()
    assert (filled[2].source == HALLUCINATED).all()
    deep = cv2.erode(HOLE.astype(np.uint8), np.ones((9, 9)))[HOLE] > 0
    assert np.abs(filled[2].colours.astype(int) - filled[0].colours)[deep].mean() < 4


def test_what_was_hallucinated_before_is_carried_on(still) -> None:
    past = np.where(HOLE[..., None], 77, still[0]).astype(np.uint8)
    painter = Tones()
    filled = dict(montage(still, [HOLE] * 4, painter).fill(range(2, 4), past))
    assert painter.num_calls == 0
    assert sorted(filled) == [2, 3]
    deep = cv2.erode(HOLE.astype(np.uint8), np.ones((9, 9)))[HOLE] > 0
    assert np.abs(filled[3].colours.astype(int) - 77)[deep].max() <= 5
    assert np.abs(filled[3].colours.astype(int) - 77).mean() < 3


def test_slivers_are_not_worth_a_painter(still) -> None:
    painter = Tones()
    list(montage(still[:2], [block(slice(40, 45), slice(20, 90))] * 2, painter).fill(range(2)))
    assert painter.num_calls == 0


def test_the_narrow_part_of_a_hole_is_filled_smoothly(still) -> None:
    strip = block(slice(40, 45), slice(20, 50))
    hole, flat = HOLE | strip, [np.full_like(frame, 200) for frame in still[:1]]
    filled = np.zeros((*SIZE, 3), np.uint8)
    filled[hole] = dict(montage(flat, [hole], Tones()).fill(range(1)))[0].colours
    assert np.abs(filled[strip & ~block(slice(None), slice(40, None))].astype(int) - 200).max() <= 1
    assert np.abs(filled[HOLE].astype(int) - 77).max() <= 1


@pytest.mark.parametrize("change", [0.975, 1.025])
def test_a_ramp_of_exposure_leaves_no_step(pan, change) -> None:
    ramp = [np.rint(frame * change**t * 0.9).clip(0, 255).astype(np.uint8) for t, frame in enumerate(pan)]
    filled = dict(montage(ramp, [HOLE] * NUM_FRAMES).fill(range(NUM_FRAMES)))
    for t, frame in enumerate(ramp):
        is_copied = filled[t].source != HALLUCINATED
        assert abs((filled[t].colours.astype(int) - frame[HOLE])[is_copied].mean()) < 1


def test_a_faint_shadow_on_the_lens_leaves_little_of_a_step(pan) -> None:
    """What is darker in one part of every frame is no exposure of the frame; the border of the hole shows it."""
    x = np.arange(SIZE[1], dtype=np.float32)
    shade = 16 * np.exp(-(((x - 60) / 12) ** 2))[:, None]
    shaded = [(frame - np.minimum(shade, frame)).astype(np.uint8) for frame in pan]
    filled = dict(montage(shaded, [HOLE] * NUM_FRAMES).fill(range(2, NUM_FRAMES - 2)))
    for t, hole in filled.items():
        assert abs((hole.colours.astype(int) - shaded[t][HOLE]).mean()) < 6


def test_an_inpainter_leaves_known_pixels_and_inputs_as_they_are(pan) -> None:
    x = torch.from_numpy(np.stack(pan[:3])).permute(3, 0, 1, 2).float() / 255 * 0.99
    m = torch.from_numpy(np.stack([HOLE, np.zeros(SIZE, bool), HOLE])).float()[None]
    before = x.clone(), m.clone()
    result = Inpainter(StillAligner(), SmoothPainter(), InpaintOptions("pm")).fill(x, m)
    assert torch.equal(x, before[0])
    assert torch.equal(m, before[1])
    known = (m == 0).expand_as(x)
    assert torch.equal(result.frames[known], x[known])
    assert (result.frames - x)[~known].abs().median() < 0.01
    assert result.source[0, 0][torch.from_numpy(HOLE)].unique().tolist() == [1]
    assert (result.source[0, 2][~torch.from_numpy(HOLE)] == 2).all()


def test_repeated_frames_are_filled_alike(pan) -> None:
    """Whatever other frames are nearer to the second of them, and though its mask has moved on."""
    noise = np.random.default_rng(1).normal(0, 3, (5, *SIZE, 3))
    twice = [(frame + n).round().astype(np.uint8) for frame, n in zip(pan[:5], noise, strict=True) for _ in range(2)]
    holes = [block(slice(36, 60), slice(40 + 2 * t, 60 + 2 * t)) for t in range(10)]
    filled, differences = dict(montage(twice, holes).fill(range(10))), []
    for t in range(0, 10, 2):
        pictures = [twice[t].astype(int), twice[t].astype(int)]
        for picture, n in zip(pictures, (t, t + 1), strict=True):
            picture[holes[n]] = filled[n].colours
        both = holes[t] & holes[t + 1]
        differences.append(np.abs(pictures[0] - pictures[1])[both].mean())
    # Both copy the same places, but their holes have other borders, to whose noise (3 levels) each copy is joined.
    assert np.mean(differences) < 0.5
    assert max(differences) < 1.2
