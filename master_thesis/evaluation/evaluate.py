"""One command that measures any method: ``python -m master_thesis --evaluate``."""

from __future__ import annotations

import logging
import shlex
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np

from master_thesis.configs.data import DataConfig
from master_thesis.configs.evaluation import EvaluationConfig
from master_thesis.evaluation.baselines import BASELINES, Method
from master_thesis.evaluation.motion import Flow, Motion, dis_flow, estimate_motion, raft_flow, without_object
from master_thesis.evaluation.predictions import parse_predictions, read_predictions
from master_thesis.evaluation.protocols import COMPLETION, HOLE, Task, make_protocol
from master_thesis.evaluation.scores import Score, measure, measure_flicker
from master_thesis.evaluation.sheets import write_sheet
from master_thesis.evaluation.tables import format_table, write_csv, write_json, write_plot
from master_thesis.evaluation.tasks import export_task, make_tasks
from master_thesis.metrics import try_lpips
from master_thesis.runtime.atomic import refuse_overwrite

log = logging.getLogger(__name__)

RESULTS = ("evaluation.json", "evaluation.csv", "evaluation.png", "pictures")
TRUTH = "true frames"
"""The row of the camera itself: what flickers there is the motion estimate's fault, no method's."""


def run_evaluation(
    data: DataConfig,
    config: EvaluationConfig,
    output: Path,
    methods: Mapping[str, Method] | None = None,
    overwrite: bool = False,
) -> list[Score]:
    """Measures, prints the table and writes ``evaluation.{json,csv,png}`` and ``pictures/`` into ``output``.

    Args:
        data: where the DAVIS tree lies, ``--test_size``, dilation and seed.
        config: what to measure.
        output: folder of the results.
        methods: methods of one's own by name, beside the baselines and ``--predictions``.
        overwrite: whether to replace results that exist.

    Returns:
        The scores, empty if inputs were only exported.

    Raises:
        UserError: before anything is done, where results exist; and where the options do not fit the data.
    """
    if config.export_inputs is not None:
        refuse_overwrite("export_inputs", [Path(config.export_inputs)], overwrite)
        for task in make_tasks(data, config):
            log.info("wrote %s", export_task(task, Path(config.export_inputs)))
        return []
    refuse_overwrite("output_path", [output / name for name in RESULTS], overwrite)
    scores = evaluate(data, config, {name: BASELINES[name] for name in config.baselines} | dict(methods or {}), output)
    about = {
        "protocols": [make_protocol(name, data).as_dict() for name in config.protocols],
        "seed": data.seed,
        "options": asdict(config),
        "command": shlex.join(sys.orig_argv),
    }
    write_json(output / "evaluation.json", scores, about)
    write_csv(output / "evaluation.csv", scores, about)
    write_plot(output / "evaluation.png", scores)
    print(format_table(scores), f"\nfigures and pictures: {output}", sep="\n")
    return scores


def evaluate(
    data: DataConfig, config: EvaluationConfig, methods: Mapping[str, Method], pictures: Path | None = None
) -> list[Score]:
    """Lets every method fill every task and takes its figures.

    Args:
        data: where the DAVIS tree lies, ``--test_size``, dilation and seed.
        config: what to measure.
        methods: ``(masked frames, mask) -> filled frames`` by name.
        pictures: where to leave a sheet per task, if anywhere.
    """
    predicted = parse_predictions(config.predictions)
    flow = dis_flow if config.evaluation_flow == "dis" else raft_flow()
    lpips = try_lpips() if HOLE in config.protocols else None
    if COMPLETION in config.protocols:
        log.warning("VFID is left out: the weights of its network (I3D) are not part of any package")
    scores: list[Score] = []
    motions = _Motions(flow)
    for task in make_tasks(data, config):
        motion = motions.of(task)
        if task.has_truth:
            scores.append(_score(task, TRUTH, measure_flicker(task, task.frames, motion)))
        fills, seconds = {}, {}
        for name, method in methods.items():
            fills[name], seconds[name] = _run(method, task)
        fills |= {name: read_predictions(folder, task) for name, folder in predicted.items()}
        for name, filled in fills.items():
            values = measure(task, filled, motion, lpips)
            if name in seconds:
                values["seconds"] = np.full(len(task.frames), seconds[name])
            scores.append(_score(task, name, values))
        if pictures is not None:
            write_sheet(pictures / "pictures", task, fills)
    return scores


class _Motions:
    """The true motion of a task's frames, computed once while the frames stay the same."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.frames: np.ndarray | None = None

    def of(self, task: Task) -> Motion:
        if self.frames is not task.frames:
            self.frames, self.motion = task.frames, estimate_motion(task.frames, self.flow)
        return self.motion if task.has_truth else without_object(self.motion, task.mask)


def _run(method: Method, task: Task) -> tuple[np.ndarray, float]:
    """A method's fill, and the seconds per frame it took."""
    masked, mask = task.masked, task.mask.copy()
    start = time.perf_counter()
    filled = method(masked, mask)
    seconds = (time.perf_counter() - start) / len(mask)
    if filled.shape != task.frames.shape or filled.dtype != np.uint8:
        raise TypeError(f"a method should return uint8 {task.frames.shape}, got {filled.dtype} {filled.shape}")
    return filled, seconds


def _score(task: Task, method: str, values: dict[str, np.ndarray]) -> Score:
    score = Score(task.protocol.name, task.masks, method, task.sequence, len(task.frames), values)
    figures = ", ".join(f"{name} {np.nanmean(v):.3f}" for name, v in values.items() if not np.isnan(v).all())
    log.info("%s, %s, %s, %s: %s", score.protocol, score.masks, score.sequence, method, figures)
    return score
