"""Figures as a table on the screen, as JSON, CSV and a plot."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from master_thesis.evaluation.scores import UNITS, Score, mean_over_frames
from master_thesis.runtime.atomic import atomic_path
from master_thesis.runtime.versions import installed_version

LIBRARIES = ("cv2", "numpy", "skimage", "torch", "torchmetrics", "torchvision")
HEADLINES = ("psnr", "hole_psnr", "hole_warp")
"""The figures of the plot, where a protocol has them."""
MEAN = "mean"
"""The row over all frames of all sequences."""


def format_table(scores: Sequence[Score]) -> str:
    """One block per protocol and masks: methods down, figures across, sequences and their mean in between."""
    return "\n\n".join(_format_block(block) for block in group(scores, "protocol", "masks").values())


def write_json(path: Path, scores: Sequence[Score], about: dict[str, Any]) -> None:
    """All figures with what is needed to get them again."""
    document = about | {
        "versions": versions(),
        "units": {metric: unit.name for metric, unit in UNITS.items()},
        "results": list(_rows(scores)),
    }
    text = json.dumps(document, indent=1) + "\n"
    with atomic_path(path) as part:
        part.write_text(text, encoding="utf-8")


def write_csv(path: Path, scores: Sequence[Score], about: dict[str, Any]) -> None:
    """One row per method and sequence, and one for their mean."""
    used = " ".join(f"{name}={number}" for name, number in versions().items())
    metrics = [metric for metric in UNITS if any(metric in score.values for score in scores)]
    file = io.StringIO()
    head = ["protocol", "masks", "method", "sequence", "num_frames", *metrics, "seed", "versions"]
    writer = csv.DictWriter(file, head, restval="")
    writer.writeheader()
    for row in _rows(scores):
        writer.writerow(row | {"seed": about["seed"], "versions": used})
    with atomic_path(path) as part:
        part.write_bytes(file.getvalue().encode())


def write_plot(path: Path, scores: Sequence[Score]) -> None:
    """A row of panels per protocol and masks, one for each headline figure: sequences across, a bar per method."""
    blocks = group(scores, "protocol", "masks")
    figure = Figure(figsize=(14, 3.2 * len(blocks)), layout="constrained")
    grid = figure.subplots(len(blocks), 2, squeeze=False)
    for panels, block in zip(grid, blocks.values(), strict=True):
        shown = [metric for metric in HEADLINES if any(metric in score.values for score in block)]
        for panel, metric in zip(panels, shown, strict=False):
            _draw(panel, block, metric)
        for panel in panels[len(shown) :]:
            panel.set_axis_off()
    with atomic_path(path) as part:
        figure.savefig(part, dpi=110, format="png")


def versions() -> dict[str, str]:
    """Of this package and of those that the figures depend on."""
    return {"master_thesis": installed_version("master_thesis")} | {
        name: import_module(name).__version__ for name in LIBRARIES
    }


def group(scores: Sequence[Score], *names: str) -> dict[tuple[str, ...], list[Score]]:
    """Scores by the values of some of their attributes, in order of appearance."""
    groups: dict[tuple[str, ...], list[Score]] = {}
    for score in scores:
        groups.setdefault(tuple(getattr(score, name) for name in names), []).append(score)
    return groups


def _rows(scores: Sequence[Score]) -> list[dict[str, Any]]:
    """Per protocol, masks and method: a row per sequence and one for all."""
    rows = []
    for (protocol, masks, method), group_of in group(scores, "protocol", "masks", "method").items():
        parts = [(score.sequence, [score]) for score in group_of] + [(MEAN, group_of)]
        for sequence, part in parts:
            row = {"protocol": protocol, "masks": masks, "method": method, "sequence": sequence}
            figures = {metric: mean_over_frames(part, metric) for metric in part[0].values}
            rows.append(row | {"num_frames": sum(score.num_frames for score in part)} | figures)
    return rows


def _format_block(scores: list[Score]) -> str:
    metrics = [metric for metric in UNITS if any(metric in score.values for score in scores)]
    titles = [_title(metric) for metric in metrics]
    lines = [["sequence", "method", *titles]]
    by_sequence = sorted(_rows(scores), key=lambda row: row["sequence"] == MEAN)
    names = list(dict.fromkeys(row["sequence"] for row in by_sequence))
    for row in sorted(by_sequence, key=lambda row: names.index(row["sequence"])):
        lines.append([row["sequence"], row["method"], *(_format(metric, row.get(metric)) for metric in metrics)])
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    title = f"protocol {scores[0].protocol}, masks {scores[0].masks}"
    return "\n".join([title, *(_pad(line, widths) for line in lines)])


def _pad(line: list[str], widths: list[int]) -> str:
    texts, figures = line[:2], line[2:]
    left = [text.ljust(width) for text, width in zip(texts, widths, strict=False)]
    return "  ".join(left + [text.rjust(width) for text, width in zip(figures, widths[2:], strict=True)])


def _title(metric: str) -> str:
    unit = UNITS[metric].name
    return f"{metric} ({unit})" if unit else metric


def _format(metric: str, value: float | None) -> str:
    return "-" if value is None else f"{value:.{UNITS[metric].digits}f}"


def _draw(panel: Axes, scores: list[Score], metric: str) -> None:
    methods = list(group(scores, "method"))
    sequences = [*dict.fromkeys(score.sequence for score in scores), MEAN]
    width = 0.8 / len(methods)
    for i, (method,) in enumerate(methods):
        own = [score for score in scores if score.method == method]
        heights = [mean_over_frames([s for s in own if name in (s.sequence, MEAN)], metric) for name in sequences]
        places = [x + (i + 0.5) * width - 0.4 for x in range(len(sequences))]
        # A method keeps its colour in every panel, also where it has no bar.
        bars = [float("nan") if height is None else height for height in heights]
        panel.bar(places, bars, width, label=method, color=f"C{i}")
    panel.set_xticks(range(len(sequences)), sequences)
    panel.set_ylabel(_title(metric))
    panel.set_title(f"{scores[0].protocol}, masks {scores[0].masks}", fontsize="medium")
    panel.legend(fontsize="small", ncols=4, loc="upper center", bbox_to_anchor=(0.5, -0.08), frameon=False)
