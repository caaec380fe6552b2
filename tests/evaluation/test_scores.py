from dataclasses import replace

import numpy as np
import pytest

from master_thesis import metrics
from master_thesis.configs.evaluation import EvaluationConfig
from master_thesis.errors import UserError
from master_thesis.evaluation import scores
from master_thesis.evaluation.evaluate import evaluate
from master_thesis.evaluation.motion import dis_flow, estimate_motion
from master_thesis.evaluation.protocols import Protocol, Task
from master_thesis.evaluation.scores import Score, mean_over_frames, measure, measure_part
from tests.evaluation.conftest import SIZE


@pytest.fixture
def motion(task):
    return estimate_motion(task.frames, dis_flow)


def test_the_truth_in_the_hole_is_perfect_whatever_the_known_pixels(task, motion):
    filled = np.where(task.mask[..., None], task.frames, 0)
    values = measure(task, filled, motion, None)
    assert values["hole_psnr"] == pytest.approx([metrics.MAX_PSNR] * 4)
    assert values["hole_ssim"] == pytest.approx([1.0] * 4)
    assert "hole_lpips" not in values, "left out without its weights"


def test_lpips_is_measured_if_available(task, motion):
    values = measure(task, task.frames, motion, lambda a, b: (a - b).abs().mean())
    assert values["hole_lpips"] == pytest.approx([0.0] * 4)


def test_figures_are_metrics_of_the_composed_frames(task, motion):
    completion = replace(task, protocol=Protocol("completion-432x240", *SIZE, (3, 3), 4, ("psnr", "ssim")))
    filled = np.full_like(task.frames, 90)
    composed = task.compose(filled)
    values = measure(completion, filled, motion, None)
    assert values["psnr"] == pytest.approx(metrics.frame_psnr(composed, task.frames))
    assert values["ssim"] == pytest.approx(metrics.frame_ssim(composed, task.frames))
    in_hole = motion.visible & task.mask[:-1]
    assert values["hole_warp"] == pytest.approx(1e3 * metrics.warping_error(composed, motion.flows, in_hole))
    assert values["warp"] == pytest.approx(1e3 * metrics.warping_error(composed, motion.flows, motion.visible))


def test_a_frame_without_a_hole_has_no_psnr(task, motion):
    mask = task.mask.copy()
    mask[2] = False
    completion = Protocol("completion-432x240", *SIZE, (3, 3), 4, ("psnr",))
    values = measure(replace(task, protocol=completion, mask=mask), task.frames * 0, motion, None)
    assert np.isnan(values["psnr"]).tolist() == [False, False, True, False]


def test_without_truth_only_flicker_is_measured(task, motion):
    own = Task(task.protocol, "own", task.sequence, task.frames, task.mask)
    assert set(measure(own, task.frames, motion, None)) == {"warp", "hole_warp"}


def test_the_mean_is_over_all_frames_of_all_sequences():
    long = Score("hole", "still", "m", "a", 3, {"hole_psnr": np.array([10.0, 10.0, np.nan])})
    short = Score("hole", "still", "m", "b", 1, {"hole_psnr": np.array([40.0])})
    assert mean_over_frames([long, short], "hole_psnr") == pytest.approx(20.0)
    assert long.mean("hole_psnr") == pytest.approx(10.0)
    assert long.mean("ssim") is None


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ("vfid", "the metric vfid should have a function in MEASURES, but nothing measures it"),
        ("odd", "the metric odd should have a unit in UNITS, but has none"),
    ],
)
def test_metrics_that_are_not_complete_are_refused_before_the_work(monkeypatch, data, metric, message):
    monkeypatch.setitem(scores.MEASURES, "odd", scores.MEASURES["ssim"])
    monkeypatch.setitem(scores.UNITS, "vfid", scores.Unit("", 3))
    odd = Protocol("hole", *SIZE, (3, 3), 0, ("hole_psnr", metric))
    monkeypatch.setattr("master_thesis.evaluation.evaluate.make_protocol", lambda *_: odd)
    called = []
    with pytest.raises(UserError, match=message):
        evaluate(data, EvaluationConfig(protocols=("hole",)), {"m": lambda x, m: called.append(1)})
    assert not called


def test_parts_of_holes_are_measured_by_their_own_pixels(task, motion):
    native = replace(task, protocol=Protocol("native", *SIZE, (3, 3), 0, ("hole_psnr", "hole_ssim", "sharpness")))
    filled = (task.frames * 0.9).astype(np.uint8)
    values = measure(native, filled, motion, None)
    entire = measure_part(native, filled, motion, np.ones_like(task.mask))
    assert entire["share"] == pytest.approx([100.0] * 4)
    for name in ("hole_psnr", "hole_ssim", "sharpness", "hole_warp"):
        assert entire[name] == pytest.approx(values[name], nan_ok=True)
    left = np.zeros_like(task.mask)
    left[:, :, :25] = True
    parts = [measure_part(native, filled, motion, part) for part in (left, ~left)]
    shares = np.array([part["share"] for part in parts]) / 100
    assert shares.sum(axis=0) == pytest.approx(np.ones(4))
    errors = np.array([10 ** (-part["hole_psnr"] / 10) for part in parts])
    expected = np.nansum(shares * errors, axis=0)
    assert expected == pytest.approx(10 ** (-values["hole_psnr"] / 10))
    assert np.isnan(parts[0]["hole_psnr"][3]), "the hole has moved out of this part"


def test_parts_without_a_truth_are_measured_by_their_flicker(task, motion):
    own = replace(task, masks="own")
    assert set(measure_part(own, task.frames, motion, task.mask)) == {"share", "hole_warp"}
