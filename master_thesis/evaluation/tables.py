"""Writes scores as a table on the screen, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from master_thesis.evaluation.scores import TRUTH, UNITS, VFID, Score, group, mean_over_frames, metric_title, vfid
from master_thesis.runtime.atomic import atomic_path
from master_thesis.runtime.versions import installed_version

LIBRARIES = ("cv2", "numpy", "skimage", "torch", "torchmetrics", "torchvision")
MEAN = "mean"
"""Name of the row over all frames of all sequences."""


def format_table(scores: Sequence[Score]) -> str:
    """Formats one block per protocol and masks, with a line for each sequence and method and the means at the end."""
    return "\n\n".join(_format_block(block) for block in group(scores, "protocol", "masks").values())


def write_json(path: Path, scores: Sequence[Score], about: dict[str, Any]) -> None:
    """Writes all figures, with everything needed to reproduce them."""
    document = about | {
        "versions": versions(),
        "units": {metric: unit.name for metric, unit in UNITS.items()},
        "results": list(_rows(scores)),
    }
    text = json.dumps(document, indent=1) + "\n"
    with atomic_path(path) as part:
        part.write_text(text, encoding="utf-8")


def write_csv(path: Path, scores: Sequence[Score], about: dict[str, Any]) -> None:
    """Writes one row per method and sequence, and one for the mean of each method."""
    used = " ".join(f"{name}={number}" for name, number in versions().items())
    file = io.StringIO()
    head = ["protocol", "masks", "method", "sequence", "num_frames", *_metrics(scores), "seed", "versions"]
    writer = csv.DictWriter(file, head, restval="")
    writer.writeheader()
    for row in _rows(scores):
        writer.writerow(row | {"seed": about["seed"], "versions": used})
    with atomic_path(path) as part:
        part.write_bytes(file.getvalue().encode())


def versions() -> dict[str, str]:
    """Versions of this package and of the libraries that affect the figures."""
    return {"master_thesis": installed_version("master_thesis")} | {
        name: import_module(name).__version__ for name in LIBRARIES
    }


def _metrics(scores: Sequence[Score]) -> list[str]:
    """Metrics that any score has, in the order of the tables."""
    rows = _rows(scores)
    return [metric for metric in UNITS if any(metric in row for row in rows)]


def _rows(scores: Sequence[Score]) -> list[dict[str, Any]]:
    """One row per sequence and one for their mean, for every protocol, masks and method."""
    rows, groups = [], group(scores, "protocol", "masks", "method")
    for (protocol, masks, method), group_of in groups.items():
        distance = vfid(group_of, groups.get((protocol, masks, TRUTH), ()))
        parts = [(score.sequence, [score]) for score in group_of] + [(MEAN, group_of)]
        for sequence, part in parts:
            row = {"protocol": protocol, "masks": masks, "method": method, "sequence": sequence}
            figures = {metric: mean_over_frames(part, metric) for metric in part[0].values}
            if sequence == MEAN and distance is not None:
                figures[VFID] = distance
            rows.append(row | {"num_frames": sum(score.num_frames for score in part)} | figures)
    return rows


def _format_block(scores: list[Score]) -> str:
    metrics = _metrics(scores)
    lines = [["sequence", "method", *map(metric_title, metrics)]]
    rows = sorted(_rows(scores), key=lambda row: row["sequence"] == MEAN)
    names = list(dict.fromkeys(row["sequence"] for row in rows))
    for row in sorted(rows, key=lambda row: names.index(row["sequence"])):
        lines.append([row["sequence"], row["method"], *(_format(metric, row.get(metric)) for metric in metrics)])
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    title = f"protocol {scores[0].protocol}, masks {scores[0].masks}"
    return "\n".join([title, *(_pad(line, widths) for line in lines)])


def _pad(line: list[str], widths: list[int]) -> str:
    texts, figures = line[:2], line[2:]
    left = [text.ljust(width) for text, width in zip(texts, widths, strict=False)]
    return "  ".join(left + [text.rjust(width) for text, width in zip(figures, widths[2:], strict=True)])


def _format(metric: str, value: float | None) -> str:
    return "-" if value is None else f"{value:.{UNITS[metric].digits}f}"
