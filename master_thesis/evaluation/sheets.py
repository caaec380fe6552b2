"""Pictures to look at beside the figures: three frames of a sequence, every method."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from master_thesis.evaluation.protocols import Task
from master_thesis.runtime.atomic import atomic_path

SHOWN = (1 / 6, 1 / 2, 5 / 6)
"""Which frames, as shares of the sequence."""


def write_sheet(folder: Path, task: Task, fills: Mapping[str, np.ndarray]) -> Path:
    """Writes a sheet with frames down and methods across: masked, each fill, and the true frame if there is one."""
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
