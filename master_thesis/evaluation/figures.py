"""Draws a plot of all scores, and a sheet of sample frames per task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from master_thesis.evaluation.protocols import Task
from master_thesis.evaluation.scores import Score, group, mean_over_frames, metric_title
from master_thesis.evaluation.tables import MEAN
from master_thesis.runtime.atomic import atomic_path

HEADLINES = ("psnr", "hole_psnr", "hole_warp")
"""Metrics of the plot, where a protocol has them."""
SHOWN = (1 / 6, 1 / 2, 5 / 6)
"""Positions of the frames on a sheet, as shares of the sequence."""


def write_plot(path: Path, scores: Sequence[Score]) -> None:
    """Draws a row of panels per protocol and masks, one per main metric, with a bar for each sequence and method."""
    blocks = group(scores, "protocol", "masks")
    figure = Figure(figsize=(14, 3.2 * len(blocks)), layout="constrained")
    grid = figure.subplots(len(blocks), 2, squeeze=False)
    for panels, block in zip(grid, blocks.values(), strict=True):
        shown = [metric for metric in HEADLINES if any(metric in score.values for score in block)]
        for panel, metric in zip(panels, shown, strict=False):
            _draw_bars(panel, block, metric)
        for panel in panels[len(shown) :]:
            panel.set_axis_off()
    with atomic_path(path) as part:
        figure.savefig(part, dpi=110, format="png")


def _draw_bars(panel: Axes, scores: list[Score], metric: str) -> None:
    methods = list(group(scores, "method"))
    sequences = [*dict.fromkeys(score.sequence for score in scores), MEAN]
    width = 0.8 / len(methods)
    for i, (method,) in enumerate(methods):
        own = [score for score in scores if score.method == method]
        means = [mean_over_frames([s for s in own if name in (s.sequence, MEAN)], metric) for name in sequences]
        places = [x + (i + 0.5) * width - 0.4 for x in range(len(sequences))]
        heights = [float("nan") if mean is None else mean for mean in means]
        # The colour is set, so that a method has the same one in panels where another has no bar.
        panel.bar(places, heights, width, label=method, color=f"C{i}")
    panel.set_xticks(range(len(sequences)), sequences)
    panel.set_ylabel(metric_title(metric))
    panel.set_title(f"{scores[0].protocol}, masks {scores[0].masks}", fontsize="medium")
    panel.legend(fontsize="small", ncols=4, loc="upper center", bbox_to_anchor=(0.5, -0.08), frameon=False)


def write_sheet(folder: Path, task: Task, fills: Mapping[str, np.ndarray]) -> Path:
    """Draws three frames of a task: masked, filled by every method, and true if the truth is known."""
    columns = {"masked": task.masked} | {name: task.compose(filled) for name, filled in fills.items()}
    if task.has_truth:
        columns["true"] = task.frames
    chosen = [int(share * len(task.frames)) for share in SHOWN]
    height, width = task.frames.shape[1:3]
    size = (3 * len(columns), 3 * len(chosen) * height / width + 0.3)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(len(chosen), len(columns), squeeze=False)
    for panels, t in zip(grid, chosen, strict=True):
        for panel, (name, frames) in zip(panels, columns.items(), strict=True):
            panel.imshow(frames[t])
            panel.set_axis_off()
            panel.set_title(f"{name}, frame {t}", fontsize="small")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{task.protocol.name}_{Path(task.masks).name}_{task.sequence}.jpg"
    with atomic_path(path) as part:
        figure.savefig(part, dpi=120, format="jpg")
    return path
