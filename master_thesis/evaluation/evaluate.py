"""Measures methods on all tasks of an evaluation and writes the results."""

from __future__ import annotations

import logging
import shlex
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from master_thesis.checkpoints.i3d import load_i3d
from master_thesis.configs.data import DataConfig
from master_thesis.configs.evaluation import EvaluationConfig
from master_thesis.evaluation.baselines import BASELINES
from master_thesis.evaluation.figures import write_plot, write_sheet
from master_thesis.evaluation.methods import Filled, Method, is_measured
from master_thesis.evaluation.motion import Flow, Motion, background_motion, estimate_motion, make_flow
from master_thesis.evaluation.predictions import parse_predictions, read_predictions
from master_thesis.evaluation.protocols import COMPLETION, NATIVE, Task, make_protocol
from master_thesis.evaluation.scores import TRUTH, Score, measure, measure_flicker, measure_part, require_metrics
from master_thesis.evaluation.tables import format_table, write_csv, write_json
from master_thesis.evaluation.tasks import export_task, make_tasks
from master_thesis.evaluation.vfid import FeatureExtractor
from master_thesis.metrics import try_lpips
from master_thesis.runtime.atomic import refuse_overwrite

log = logging.getLogger(__name__)

RESULTS = ("evaluation.json", "evaluation.csv", "evaluation.png", "pictures")


def run_evaluation(
    data: DataConfig,
    config: EvaluationConfig,
    output: Path,
    methods: Mapping[str, Method] | None = None,
    overwrite: bool = False,
    setting: Mapping[str, Any] | None = None,
) -> list[Score]:
    """Measures all methods, prints the table and writes ``evaluation.{json,csv,png}`` and ``pictures/``.

    Args:
        data: options of the data: its folder, ``test_size``, dilation and seed.
        config: options of the evaluation.
        output: folder of the results.
        methods: further methods by name, beside the baselines and predictions of ``config``.
        overwrite: whether existing results may be replaced.
        setting: what else the JSON file should say of the methods: networks, precision, device.

    Returns:
        The scores; empty if the inputs were exported instead.

    Raises:
        UserError: results exist already, or the options do not fit the data.
    """
    if config.export_inputs is not None:
        _export(data, config, Path(config.export_inputs), overwrite)
        return []
    refuse_overwrite("output_path", [output / name for name in RESULTS], overwrite)
    scores = evaluate(data, config, {name: BASELINES[name] for name in config.baselines} | dict(methods or {}), output)
    about = {
        "protocols": [make_protocol(name, data, config.completion_resize).as_dict() for name in config.protocols],
        "seed": data.seed,
        "options": asdict(config),
        "command": shlex.join(sys.orig_argv),
        **(setting or {}),
    }
    write_json(output / "evaluation.json", scores, about)
    write_csv(output / "evaluation.csv", scores, about)
    write_plot(output / "evaluation.png", scores)
    print(format_table(scores), f"\nresults: {output}", sep="\n")
    return scores


def _export(data: DataConfig, config: EvaluationConfig, folder: Path, overwrite: bool) -> None:
    refuse_overwrite("export_inputs", [folder], overwrite)
    for task in make_tasks(data, config):
        log.info("wrote %s", export_task(task, folder))


def evaluate(
    data: DataConfig, config: EvaluationConfig, methods: Mapping[str, Method], output: Path | None = None
) -> list[Score]:
    """Measures every method on every task.

    Args:
        data: options of the data: its folder, ``test_size``, dilation and seed.
        config: options of the evaluation.
        methods: methods by name.
        output: folder that receives ``pictures/`` with a sheet per task; None: none are drawn.

    Raises:
        UserError: a metric of a protocol has no unit, or nothing measures it.
    """
    for name in config.protocols:
        require_metrics(make_protocol(name, data, config.completion_resize).metrics)
    predictions = parse_predictions(config.predictions)
    motions = _MotionCache(make_flow(config.evaluation_flow))
    lpips = try_lpips() if set(config.protocols) - {COMPLETION} else None
    extractor = _load_extractor(config)
    scores: list[Score] = []
    for task in make_tasks(data, config):
        motion = motions.estimate(task)
        of_task = extractor if task.has_truth and task.protocol.name == COMPLETION else None
        if task.has_truth:
            features = of_task.of_truth(task.frames) if of_task else None
            scores.append(_score(task, TRUTH, measure_flicker(task, task.frames, motion), features))
        chosen = {name: method for name, method in methods.items() if is_measured(method, task.protocol.name)}
        fills = {name: _fill(method, task) for name, method in chosen.items()}
        fills |= {name: read_predictions(folder, task) for name, folder in predictions.items()}
        for name, filled in fills.items():
            values = measure(task, filled.frames, motion, lpips)
            values |= {cost: np.full(len(task.frames), value) for cost, value in filled.costs.items()}
            features = of_task.of_fill(task.compose(filled.frames)) if of_task else None
            scores.append(_score(task, name, values, features))
            scores += [_score(task, f"{name}, {part}", values) for part, values in _parts(task, filled, motion)]
        if output is not None:
            write_sheet(output / "pictures", task, {name: filled.frames for name, filled in fills.items()})
    return scores


def _load_extractor(config: EvaluationConfig) -> FeatureExtractor | None:
    if config.i3d_weights is not None:
        return FeatureExtractor(load_i3d(config.i3d_weights))
    if COMPLETION in config.protocols:
        log.warning("VFID is left out: give --i3d_weights FILE (I3D's published weights, i3d_rgb_imagenet.pt)")
    return None


class _MotionCache:
    """Estimates the true motion of tasks, once for consecutive tasks that share their frames."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.frames: np.ndarray | None = None
        self.motion: Motion

    def estimate(self, task: Task) -> Motion:
        """The motion of the frames, or of the background if there is no truth in the hole."""
        if self.frames is not task.frames:
            self.frames, self.motion = task.frames, estimate_motion(task.frames, self.flow)
        return self.motion if task.has_truth else background_motion(self.motion, task.mask)


def _fill(method: Method, task: Task) -> Filled:
    """Fills a task; the seconds per frame are those of the call unless the method says others."""
    masked, mask = task.masked, task.mask.copy()
    start = time.perf_counter()
    result = method(masked, mask)
    seconds = (time.perf_counter() - start) / len(mask)
    frames = result.frames if isinstance(result, Filled) else result
    if frames.shape != task.frames.shape or frames.dtype != np.uint8:
        raise TypeError(f"a method should return uint8 {task.frames.shape}, got {frames.dtype} {frames.shape}")
    filled = result if isinstance(result, Filled) else Filled(frames)
    return replace(filled, costs={"seconds": seconds, **filled.costs})


def _parts(task: Task, filled: Filled, motion: Motion) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """The figures of copied and of hallucinated pixels under ``native``, if the method knows which these are."""
    if filled.source is not None and task.protocol.name == NATIVE:
        for part, pixels in (("copied", filled.source >= 0), ("hallucinated", filled.source < 0)):
            yield part, measure_part(task, filled.frames, motion, pixels)


def _score(task: Task, method: str, values: dict[str, np.ndarray], features: np.ndarray | None = None) -> Score:
    score = Score(task.protocol.name, task.masks, method, task.sequence, len(task.frames), values, features)
    figures = ", ".join(f"{name} {np.nanmean(v):.3f}" for name, v in values.items() if not np.isnan(v).all())
    log.info("%s, %s, %s, %s: %s", score.protocol, score.masks, score.sequence, method, figures)
    return score
