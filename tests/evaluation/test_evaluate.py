import json
import logging
from dataclasses import replace

import numpy as np
import pytest
import torch

from master_thesis.configs.evaluation import EvaluationConfig
from master_thesis.errors import UserError
from master_thesis.evaluation.evaluate import evaluate, run_evaluation
from master_thesis.evaluation.methods import Filled, SomeProtocols
from master_thesis.evaluation.scores import TRUTH, group
from master_thesis.evaluation.tables import format_table, write_json
from master_thesis.images.codec import write_png
from master_thesis.metrics import MAX_PSNR
from master_thesis.models.i3d import I3D
from tests.evaluation.conftest import PAN_PX, SIZE, pan
from tests.oracles.i3d import random_weights

QUICK = {"protocols": ("hole",), "sequences": ("ant", "cow")}


def grey(masked, mask):
    return np.where(mask[..., None], 128, masked).astype(np.uint8)


def oracle(masked, mask):
    """Returns the true frames of the sequence that matches the known pixels best."""
    candidates = [pan(40 * i, len(mask)) for i in range(3)]
    return min(candidates, key=lambda frames: np.abs(frames[~mask].astype(int) - masked[~mask]).sum())


def test_an_oracle_is_perfect_and_flickers_like_the_true_frames(data):
    scores = evaluate(data, EvaluationConfig(**QUICK), {"oracle": oracle, "grey": grey})
    by_method = group(scores, "method")
    assert {method for (method,) in by_method} == {TRUTH, "oracle", "grey"}
    for score, truth in zip(by_method[("oracle",)], by_method[(TRUTH,)], strict=True):
        assert score.mean("hole_psnr") == MAX_PSNR
        assert score.mean("hole_warp") == truth.mean("hole_warp")
    assert all(score.mean("hole_psnr") < 25 for score in by_method[("grey",)])


def test_results_cover_baselines_predictions_and_further_methods(data, tmp_path, capsys):
    for t, frame in enumerate(pan(0)):
        (tmp_path / "theirs" / "ant").mkdir(parents=True, exist_ok=True)
        write_png(tmp_path / "theirs" / "ant" / f"{t}.png", frame)
    config = EvaluationConfig(
        protocols=("hole",), masks=("still",), sequences=("ant",), baselines=("telea",),
        predictions=(f"theirs={tmp_path / 'theirs'}",),
    )  # fmt: skip
    output = tmp_path / "made" / "here"
    run_evaluation(data, config, output, {"grey": grey})
    document = json.loads((output / "evaluation.json").read_text())
    assert [row["method"] for row in document["results"] if row["sequence"] == "mean"] == [
        TRUTH, "telea", "grey", "theirs"
    ]  # fmt: skip
    assert document["results"][-1]["hole_psnr"] == MAX_PSNR
    assert "seconds" not in document["results"][-1], "the time of an external method is unknown"
    assert document["protocols"][0]["name"] == "hole"
    assert document["options"]["evaluation_flow"] == "dis"
    assert {path.name for path in output.iterdir()} == {
        "evaluation.json", "evaluation.csv", "evaluation.png", "pictures"
    }  # fmt: skip
    assert [path.name for path in (output / "pictures").iterdir()] == ["hole_still_ant.jpg"]
    assert "protocol hole, masks still" in capsys.readouterr().out


@pytest.mark.parametrize("what", ["masks", "predictions"])
def test_what_one_sequence_lacks_is_refused_before_another_is_measured(data, tmp_path, what):
    for t, frame in enumerate(pan(0)):
        (tmp_path / "given" / "ant").mkdir(parents=True, exist_ok=True)
        write_png(tmp_path / "given" / "ant" / f"{t}.png", frame)
    given = {"masks": (str(tmp_path / "given"),)} if what == "masks" else {"masks": ("still",)}
    given |= {"predictions": (f"theirs={tmp_path / 'given'}",)} if what == "predictions" else {}
    config = EvaluationConfig(protocols=("hole",), sequences=("ant", "bee"), baselines=(), **given)
    lacks = {"masks": "should hold a folder of masks named bee", "predictions": "bee should hold 4 frames .* holds 0"}
    with pytest.raises(UserError, match=lacks[what]):
        evaluate(data, config, {"unused": lambda *_: pytest.fail("something was measured")})


def test_a_method_receives_masked_frames_and_cannot_change_the_task(data):
    seen = []

    def vandal(masked, mask):
        seen.append((masked.copy(), mask.copy()))
        masked[:], mask[:] = 0, False
        return masked

    scores = evaluate(data, EvaluationConfig(**QUICK | {"masks": ("still",)}), {"vandal": vandal})
    masked, mask = seen[0]
    assert mask.any()
    assert (masked[mask] == (124, 116, 104)).all()
    assert (masked[~mask] == pan(0)[~mask]).all()
    assert scores[-1].mean("hole_psnr") < 25


def test_completion_logs_that_vfid_is_left_out(data, caplog):
    config = EvaluationConfig(protocols=("completion-432x240",), masks=("still",), sequences=("cow",), max_frames=2)
    with caplog.at_level(logging.WARNING):
        scores = evaluate(data, config, {"grey": grey})
    assert "VFID is left out: give --i3d_weights FILE" in caplog.text
    assert "LPIPS" not in caplog.text, "this protocol does not use it"
    assert set(scores[-1].values) == {"psnr", "ssim", "warp", "hole_warp", "seconds"}


def test_vfid_compares_all_videos_of_a_method_with_the_true_ones(data, tmp_path):
    torch.save(random_weights(I3D(width=4)), tmp_path / "i3d.pt")
    config = EvaluationConfig(
        protocols=("completion-432x240",), masks=("still",), max_frames=2, baselines=(), sequences=("ant", "cow"),
        i3d_weights=str(tmp_path / "i3d.pt"),
    )  # fmt: skip
    scores = evaluate(data, config, {"grey": grey})
    write_json(tmp_path / "scores.json", scores, {})
    rows = json.loads((tmp_path / "scores.json").read_text())["results"]
    figures = {row["method"]: row.get("vfid") for row in rows if row["sequence"] == "mean"}
    assert figures[TRUTH] == pytest.approx(0, abs=1e-9)
    assert figures["grey"] > 0
    assert not any("vfid" in row for row in rows if row["sequence"] != "mean")
    assert f"{figures['grey']:.3f}" in format_table(scores)


def test_own_masks_have_no_truth_row(data):
    scores = evaluate(data, EvaluationConfig(**QUICK | {"masks": ("own",)}), {"grey": grey})
    assert {score.method for score in scores} == {"grey"}
    assert set(scores[0].values) == {"warp", "hole_warp", "seconds"}


def test_exporting_writes_inputs_and_measures_nothing(data, tmp_path):
    config = EvaluationConfig(**QUICK | {"export_inputs": str(tmp_path / "inputs")})
    assert run_evaluation(data, config, tmp_path / "results") == []
    assert not (tmp_path / "results").exists()
    assert len(list((tmp_path / "inputs").glob("hole/*/*/frames/*.png"))) == 2 * (4 + 3)


def test_a_method_that_returns_another_type_is_refused(data):
    with pytest.raises(TypeError, match=r"should return uint8 \(4, 72, 96, 3\), got float64 \(4, 72, 96, 3\)"):
        evaluate(data, EvaluationConfig(**QUICK), {"wrong": lambda masked, mask: masked.astype(float)})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"protocols": ()}, "--protocols should name at least one protocol, got none"),
        ({"masks": ()}, "--masks should name at least one source of masks, got none"),
        ({"masks": ("still", "still")}, "--masks should name each once, got still still"),
        (
            {"protocols": ("hole",), "i3d_weights": "x.pt"},
            "--i3d_weights is used by --protocols completion-432x240: name it, or leave the weights out",
        ),
        ({"max_frames": 1}, "--max_frames should be at least 2, as motion needs two frames, got 1"),
        ({"predictions": ("x",), "masks": ("still",), "protocols": ("hole",)}, "should be NAME=FOLDER, got x"),
        ({"predictions": ("x=y",)}, "name one of each, got swapped still and hole completion-432x240"),
    ],
)
def test_options_in_conflict_are_refused(options, message):
    with pytest.raises(UserError, match=message):
        EvaluationConfig(**options)


def test_the_pan_of_the_fixtures_is_a_translation():
    first, second = pan(0, 2)
    assert (first[:, PAN_PX:] == second[:, :-PAN_PX]).all()


def test_native_frames_are_as_large_as_the_sequence_and_parts_of_holes_have_rows(data):
    sizes = []

    def half_copied(masked, mask):
        sizes.append(masked.shape)
        source = np.zeros(mask.shape, np.int32)
        source[:, :, 30:] = -1
        return Filled(grey(masked, mask), source, {"seconds": 7.0, "peak_memory": 5.0})

    methods = {"half": half_copied, "other": SomeProtocols(grey, ("hole",))}
    config = EvaluationConfig(protocols=("native",), masks=("swapped",), sequences=("ant",))
    scores = evaluate(replace(data, test_size=(16, 16)), config, methods)
    assert [score.method for score in scores] == [TRUTH, "half", "half, copied", "half, hallucinated"]
    assert sizes == [(4, *SIZE, 3)]
    _, entire, copied, hallucinated = scores
    assert (entire.mean("seconds"), entire.mean("peak_memory")) == (7, 5)
    assert {"hole_psnr", "hole_ssim", "sharpness", "seam", "hole_warp"} <= entire.values.keys()
    assert copied.mean("share") + hallucinated.mean("share") == pytest.approx(100)
    assert copied.mean("hole_psnr") != hallucinated.mean("hole_psnr")
