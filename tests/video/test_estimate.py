"""The estimate multiplies what a trial measures by what is planned."""

import numpy as np
import pytest
import torch

from master_thesis.configs.inpainting import InpaintOptions
from master_thesis.inpainting import choosing
from master_thesis.inpainting.inpainter import Inpainter
from master_thesis.inpainting.photomontage import Photomontage
from master_thesis.models.painter import ExemplarPainter
from master_thesis.video import estimate
from master_thesis.video.compositing import WorkingFrame
from master_thesis.video.estimate import CARRYING_ON, Trial, estimate_filling
from master_thesis.video.outlook import Outlook
from master_thesis.video.paintings import ENLARGING, LEAST_PAINTED, composed_pixels, num_paintings
from master_thesis.video.plan import Scene
from master_thesis.video.samples import Sample, Samples
from master_thesis.video.survey import Box
from tests.factories import CountingAligner, Painter

SMALL, LARGE = (10, 10), (20, 20)
EVERYTHING = Box(0, 0, *LARGE)
SCENES = [Scene(0, 10, EVERYTHING, SMALL), Scene(10, 16, EVERYTHING, LARGE)]


def inpainter(algorithm="ip", exhaustive=True):
    return Inpainter(CountingAligner(), Painter(), InpaintOptions(algorithm, exhaustive=exhaustive))


def seconds_of(monkeypatch, outlook, **options):
    """Two scenes, of which the second one is four times as large: 7 and 6 frames with a hole."""
    joining = 0.25 if options.get("algorithm") == "pm" else 0.0
    monkeypatch.setattr(Trial, "run", lambda *_: Trial(pair=2.0, painting=5.0, joining=joining))
    samples = Samples(first=[Sample(3, np.zeros((*LARGE, 3), np.uint8), np.ones(LARGE, bool))])
    return estimate_filling(samples, outlook, SCENES, [False] * 3 + [True] * 13, inpainter(**options))


@pytest.mark.parametrize(
    ("algorithm", "hidden", "expected"),
    [
        ("ff", 60.0, (7 + 4 * 6) * (3 * 2 + 5)),
        ("ff", 0.0, (7 + 4 * 6) * 3 * 2),
        ("ip", 60.0, (7 + 4 * 6) * (3 + 2) * 2 + (1 + 4) * 5),
        ("pm", 60.0, (7 + 4 * 6) * (2 + CARRYING_ON * 0.25) + 0.6 * (1 + 4) * 5),
        ("pm", 0.0, (7 + 4 * 6) * 2 + LEAST_PAINTED * (1 + 4) * 5),
    ],
)
def test_pairs_and_paintings_cost_as_much_as_in_the_trial(monkeypatch, algorithm, hidden, expected):
    outlook = Outlook(hidden, 3.0, 1.0, False)
    assert seconds_of(monkeypatch, outlook, algorithm=algorithm) == pytest.approx(expected)


def test_planning_takes_time_where_references_are_planned(monkeypatch):
    without, with_planning = (Outlook(0.0, 3.0, 0.0, False, seconds) for seconds in (0.0, 0.5))
    difference = seconds_of(monkeypatch, with_planning) - seconds_of(monkeypatch, without)
    assert difference == pytest.approx(0.5 * 16)
    assert seconds_of(monkeypatch, without, exhaustive=False) == pytest.approx((7 + 4 * 6) * 2 * 2)


def test_a_trial_aligns_two_pairs_and_paints_two_holes(monkeypatch):
    ticks = iter(np.cumsum([0.0, 1, 0, 2, 0, 4, 0, 8]).tolist())  # seconds of each part
    monkeypatch.setattr(estimate.time, "perf_counter", lambda: next(ticks))
    rng, hole = np.random.default_rng(0), np.zeros(LARGE, bool)
    hole[5:9, 6:12] = True
    frames = [WorkingFrame(rng.integers(0, 256, (*LARGE, 3), np.uint8), hole) for _ in range(2)]
    tried = inpainter(exhaustive=False)
    assert Trial.run(tried, frames) == Trial(pair=2.0, painting=8.0)
    assert tried.aligner.batch_sizes == [1, 1]
    assert tried.hallucinator.batch_sizes == [1, 1]
    assert torch.is_grad_enabled()


def test_the_trial_of_a_montage_tells_a_painting_from_the_rest(monkeypatch):
    ticks = iter(np.cumsum([0.0, 3, 0, 5, 0, 6, 0, 7]).tolist())
    monkeypatch.setattr(estimate.time, "perf_counter", lambda: next(ticks))
    rng, hole = np.random.default_rng(0), np.zeros((48, 64), bool)
    hole[20:30, 20:40] = True
    frames = [WorkingFrame(rng.integers(0, 256, (48, 64, 3), np.uint8), hole) for _ in range(2)]
    tried, assembled = inpainter("pm"), []
    fill = Photomontage.fill
    monkeypatch.setattr(Photomontage, "fill", lambda *args: assembled.append(args) or fill(*args))
    assert Trial.run(tried, frames) == Trial(
        pair=estimate.WARM * (3.0 + 5.0) / estimate.TRIED_FRAMES, painting=6.0 * 16, joining=7.0
    )  # at a quarter of the size
    assert sum(tried.hallucinator.batch_sizes) == 1
    assert len(assembled) == 1  # nothing is done only to warm up


def test_what_is_refused_and_renewed_is_painted_and_carried_on(monkeypatch):
    """A tenth of the hole in the key frame, and 5 % of it in each of the others."""
    outlook = Outlook(0.0, 3.0, 1.0, False, refused_percent=10.0, renewed_percent=5.0)
    expected = (7 + 4 * 6) * (2 + CARRYING_ON * 0.25) + (0.1 + 6 * 0.05) * 5 + 4 * (0.1 + 5 * 0.05) * 5
    assert seconds_of(monkeypatch, outlook, algorithm="pm") == pytest.approx(expected)


@pytest.mark.parametrize(("entered", "is_fast"), [(19.0, False), (21.0, True)])
def test_sources_are_tried_for_every_frame_only_where_the_work_chooses_them_so_often(monkeypatch, entered, is_fast):
    asked = []
    monkeypatch.setattr(Trial, "run", lambda *args: asked.append(args[-1]) or Trial(pair=2.0, painting=5.0))
    samples = Samples(first=[Sample(3, np.zeros((*LARGE, 3), np.uint8), np.ones(LARGE, bool))])
    outlook = Outlook(0.0, 3.0, 1.0, False, entered_percent=entered)
    estimate_filling(samples, outlook, SCENES, [True] * 16, inpainter("pm"))
    assert asked == [is_fast]


@pytest.mark.parametrize(("is_fast", "count"), [(False, 1), (True, 2)])
def test_a_trial_of_a_slow_hole_chooses_sources_once(monkeypatch, is_fast, count):
    rng, hole = np.random.default_rng(0), np.zeros((48, 64), bool)
    hole[20:30, 20:40] = True
    image = rng.integers(0, 256, (48, 64, 3), np.uint8)
    decided = []
    decide = choosing.decide
    monkeypatch.setattr(choosing, "decide", lambda *args: decided.append(args[0]) or decide(*args))
    Trial.run(inpainter("pm"), [WorkingFrame(image, hole)] * 2, is_fast)
    assert len(decided) == count


def test_holes_that_are_painted_reduced_are_not_announced_at_their_full_size():
    exemplar = Inpainter(CountingAligner(), ExemplarPainter(), InpaintOptions("pm"))
    hole = np.zeros((1200, 1600), bool)
    hole[300:800, 400:1000] = True
    reduced = hole[::2, ::2]
    cells = 300_000 / 4**2  # of both
    expected = (cells + ENLARGING * 300_000) / (cells + ENLARGING * 75_000)
    assert _ratio(exemplar, hole, reduced) == pytest.approx(expected)
    small = hole[::4, ::4]
    assert _ratio(exemplar, small, small[::2, ::2]) == pytest.approx(4.0, rel=0.02)
    assert _ratio(inpainter("pm"), hole, hole[::4, ::4]) == 16


def test_a_small_part_of_a_large_hole_is_not_painted_reduced():
    exemplar = Inpainter(CountingAligner(), ExemplarPainter(), InpaintOptions("pm"))
    hole = np.zeros((1200, 1600), bool)
    hole[300:800, 400:1000] = True  # 300,000 px
    outlook = Outlook(50.0, 3.0, 1.0, False, renewed_percent=5.0)
    of_all = 300_000 / 4**2 + ENLARGING * 300_000
    first, later = 150_000 / 3**2 + ENLARGING * 150_000, 15_000
    assert num_paintings(exemplar, hole, outlook, 11) == pytest.approx((first + 10 * later) / of_all)


def _ratio(inpainter, hole, other):
    one, two = (composed_pixels(inpainter.hallucinator, each) for each in (hole, other))
    return one / two
