"""Painters fill open pixels from the frame alone and leave the others as they are."""

import os
import signal
import sys
import threading
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from master_thesis.errors import UserError
from master_thesis.models.hallucinator import as_hallucinator
from master_thesis.models.painter import (
    TONE_RANGE,
    ExemplarPainter,
    HallucinatorPainter,
    SmoothPainter,
    as_painter,
    coarse_tones,
)
from master_thesis.ops.image import FILL
from master_thesis.records import Alignment, MaskedFrames
from master_thesis.runtime.interruption import Terminated, terminated_like_interrupted
from tests.factories import INVENTED, Copier

HEIGHT, WIDTH = 40, 60
PAINTERS = {
    "smooth": SmoothPainter,
    "chn": lambda: HallucinatorPainter(as_hallucinator(Copier())),
    "exemplar": ExemplarPainter,
}
every_painter = pytest.mark.parametrize("name", PAINTERS)


def with_box(colours, top=12, left=20, side=14):
    """Frames that hide a box."""
    visible = torch.ones(len(colours), 1, HEIGHT, WIDTH)
    visible[..., top : top + side, left : left + side] = 0
    return MaskedFrames(colours, visible)


def noise(num=1):
    return torch.rand(num, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0))


def stripes():
    """Slanted stripes, eight pixels apart."""
    y, x = torch.meshgrid(torch.arange(HEIGHT), torch.arange(WIDTH), indexing="ij")
    return (((x + y) // 4 % 2) * 0.6 + 0.2).expand(1, 3, -1, -1)


@every_painter
def test_known_pixels_stay_and_hidden_ones_do_not_matter(name):
    frames = with_box(noise(2))
    other = MaskedFrames(torch.where(frames.visible > 0, frames.colours, 0.9), frames.visible)
    painted = PAINTERS[name]().paint(frames)
    is_known = frames.visible.expand_as(painted) > 0
    assert torch.equal(painted[is_known], frames.colours[is_known])
    assert not torch.equal(painted[~is_known], frames.masked.colours[~is_known])
    assert torch.equal(painted, PAINTERS[name]().paint(other))


@every_painter
def test_frames_without_a_hole_or_without_anything_known(name):
    colours = noise(3)
    frames = with_box(colours)
    frames.visible[0], frames.visible[1] = 1, 0
    painted = PAINTERS[name]().paint(frames)
    assert torch.equal(painted[0], colours[0])
    assert torch.equal(painted[1], torch.tensor(FILL).view(3, 1, 1).expand(3, HEIGHT, WIDTH))
    assert torch.equal(painted[2], PAINTERS[name]().paint(frames.rows([2]))[0])


def test_a_smooth_fill_continues_a_ramp():
    ramp = torch.linspace(0.1, 0.9, WIDTH).expand(1, 3, HEIGHT, WIDTH)
    assert (SmoothPainter().paint(with_box(ramp)) - ramp).abs().max() < 0.03


def test_a_hallucinator_is_shown_nothing_to_copy():
    frames = with_box(noise())
    painted = HallucinatorPainter(as_hallucinator(Copier())).paint(frames)
    assert (painted[frames.visible.expand_as(painted) == 0] == INVENTED).all()


def test_exemplars_continue_a_texture_where_a_membrane_is_grey():
    frames = with_box(stripes())
    hole = frames.visible.expand_as(stripes()) == 0
    exemplar, smooth = ((p().paint(frames) - stripes())[hole].abs().mean() for p in (ExemplarPainter, SmoothPainter))
    assert exemplar < 0.05
    assert smooth > 0.2


def test_patches_have_the_tone_that_is_guessed():
    """Noise, dark on the left and bright on the right: what lies between is for the guess to say."""
    hole = np.zeros((80, 120), bool)
    hole[:, 45:75] = True
    shade = np.where(np.arange(120) < 60, 80, 160)[None, :, None]
    picture = (shade + np.random.default_rng(0).uniform(-10, 10, (80, 120, 1))).repeat(3, 2).astype(np.uint8)
    guesses = (np.full(picture.shape, tone, np.float32) for tone in (80, 120, 160))
    dark, grey, bright = (
        ExemplarPainter()._composed(picture, hole, coarse_tones(picture, hole, guess))[hole].mean() for guess in guesses
    )
    assert dark + 12 < grey < bright - 12


def test_tones_are_means_of_what_is_known_and_guesses_elsewhere():
    hole = np.zeros((64, 64), bool)
    hole[20:40, 20:40] = True
    picture = np.full((64, 64, 3), 100, np.uint8)
    picture[hole] = 255
    tones = coarse_tones(picture, hole, np.full((64, 64, 3), [200, 100, 50], np.float32))
    assert tones[~hole] == pytest.approx(np.broadcast_to([TONE_RANGE * 100 / 255, 0, 0], tones[~hole].shape), abs=1e-5)
    luma = 0.299 * 200 + 0.587 * 100 + 0.114 * 50
    assert tones[30, 30] == pytest.approx(np.array([luma, 150, 0]) * TONE_RANGE / 255, rel=1e-5)


def test_what_is_painted_into_a_plain_wall_is_toned_down(monkeypatch):
    wall = (0.5 + 0.01 * (noise() - 0.5)).expand(1, 3, -1, -1)
    painter, frames = ExemplarPainter(), with_box(wall)
    fence = (255 * stripes()[0].permute(1, 2, 0)).byte().numpy()
    hole = frames.visible[0, 0].numpy() == 0
    fake = SimpleNamespace(
        set_random_seed=lambda seed: None,
        inpaint_regularity=lambda picture, *_, **__: np.where(hole[..., None], fence, picture),
    )
    monkeypatch.setattr(painter, "_patchmatch", fake)
    painted = painter.paint(frames)[0].permute(1, 2, 0).numpy()
    assert painted[hole].std() < 0.5 * (fence[hole] / 255).std()


def test_exemplars_depend_on_the_seed_alone():
    frames = with_box(noise())
    first, again, other = (ExemplarPainter(seed).paint(frames) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_parts_that_lie_apart_are_searched_for_in_what_is_near(monkeypatch):
    """As far around them as they would reach in one piece; what is beyond stays as it is."""
    seen = []
    hole = torch.zeros(1, 1, 400, 500)
    hole[..., 150:160, 150:160] = hole[..., 240:250, 340:350] = 1
    painter, frame = ExemplarPainter(), MaskedFrames(torch.rand(1, 3, 400, 500), 1 - hole)
    monkeypatch.setattr(painter, "_composed", lambda picture, hole, tones: seen.append(hole.shape) or picture + 0.0)
    painter.paint(frame)
    assert seen == [(100 + 2 * 64, 200 + 2 * 64)]
    seen.clear()
    hole[..., 150:250, 150:350] = 1
    painted = painter.paint(MaskedFrames(frame.colours, 1 - hole))
    assert seen == [(100 + 2 * 141, 200 + 2 * 141)]
    assert (painted == frame.colours)[(hole == 0).expand_as(painted)].all()


def test_large_holes_are_painted_in_a_reduced_picture(monkeypatch):
    monkeypatch.setattr("master_thesis.models.painter.MAX_HOLE_PIXELS", 60)
    frames, painter, sizes = with_box(stripes()), ExemplarPainter(), []
    inpaint = painter._patchmatch.inpaint_regularity
    spy = SimpleNamespace(
        set_random_seed=painter._patchmatch.set_random_seed,
        inpaint_regularity=lambda picture, *a, **k: (sizes.append(picture.shape[:2]), inpaint(picture, *a, **k))[1],
    )
    monkeypatch.setattr(painter, "_patchmatch", spy)
    painted, hole = painter.paint(frames), frames.visible.expand_as(stripes()) == 0
    assert sizes == [(HEIGHT // 2, WIDTH // 2)]
    assert torch.equal(painted[~hole], stripes()[~hole])
    assert (painted - stripes())[hole].abs().mean() < 0.1


def test_painting_is_left_behind_on_a_signal(monkeypatch):
    is_over = threading.Event()

    def never_returns(picture, *_, **__):
        os.kill(os.getpid(), signal.SIGTERM)
        is_over.wait()
        return picture

    painter = ExemplarPainter()
    fake = SimpleNamespace(set_random_seed=lambda seed: None, inpaint_regularity=never_returns)
    monkeypatch.setattr(painter, "_patchmatch", fake)
    with pytest.raises(Terminated), terminated_like_interrupted():
        painter.paint(with_box(noise()))
    is_over.set()


def test_the_exemplar_method_needs_its_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "patchmatch.patch_match", None)
    with pytest.raises(UserError, match=r'needs the package pypatchmatch: pip install "pypatchmatch>=2\.2", or choose'):
        ExemplarPainter()


def test_a_painter_hallucinates_around_plain_copies():
    frames, shown = with_box(noise()), torch.zeros(1, 1, 2, HEIGHT, WIDTH)
    shown[:, :, 1, 12:26, 20:26] = 1
    refs = torch.full((1, 3, 2, HEIGHT, WIDTH), 0.25)
    composed = SmoothPainter().hallucinate(frames, Alignment(refs, shown, shown)).composed
    assert torch.equal(composed[:, :, 0], SmoothPainter().paint(frames))
    assert (composed[:, :, 1, 12:26, 20:26] == 0.25).all()
    copied = torch.where(shown[:, :, 1] > 0, 0.25, frames.colours)
    assert torch.equal(composed[:, :, 1], SmoothPainter().paint(MaskedFrames(copied, frames.visible + shown[:, :, 1])))


def test_any_hallucinator_serves_as_a_painter():
    smooth, copier = SmoothPainter(), as_hallucinator(Copier())
    assert as_painter(smooth) is smooth
    assert as_painter(copier).hallucinator is copier
