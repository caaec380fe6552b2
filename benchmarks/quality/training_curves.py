"""Draws the validation curves of trainings, a panel per figure and a line per run.

Reads the event files of TensorBoard:

    python -m benchmarks.quality training_curves training.png lightning_logs/version_0 lightning_logs/version_1
"""

from __future__ import annotations

import argparse
from pathlib import Path

from matplotlib.figure import Figure
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

PREFIX = "validation/"


def curves_of(run: Path) -> dict[str, tuple[list[int], list[float]]]:
    """Returns the steps and values of every validation figure of a run."""
    events = EventAccumulator(str(run))
    events.Reload()
    names = [name for name in events.Tags()["scalars"] if name.startswith(PREFIX)]
    points = {name.removeprefix(PREFIX): events.Scalars(name) for name in names}
    return {name: ([p.step + 1 for p in ps], [p.value for p in ps]) for name, ps in points.items()}


def draw(runs: dict[str, dict[str, tuple[list[int], list[float]]]]) -> Figure:
    """Draws a panel per figure that changes in at least one run."""
    names = dict.fromkeys(name for curves in runs.values() for name in curves)
    panels = [n for n in names if any(len(set(curves.get(n, ((), ()))[1])) > 1 for curves in runs.values())]
    figure = Figure(figsize=(2.6 * max(len(panels), 1), 2.6), layout="constrained")
    for i, name in enumerate(panels):
        axes = figure.add_subplot(1, len(panels), i + 1, title=name, xlabel="steps")
        for number, (label, curves) in enumerate(runs.items()):
            if name in curves:
                axes.plot(*curves[name], marker=".", label=label, color=f"C{number}")
        if i == 0 and len(runs) > 1:
            axes.legend(fontsize="small")
    return figure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", type=Path, help="file to write: .png, .svg ...")
    parser.add_argument("runs", type=Path, nargs="+", help="folders with TensorBoard events")
    parser.add_argument("--labels", nargs="+", help="one per run; default: the names of the folders")
    options = parser.parse_args()
    labels = options.labels or [run.name for run in options.runs]
    draw({label: curves_of(run) for label, run in zip(labels, options.runs, strict=True)}).savefig(
        options.picture, dpi=80
    )


if __name__ == "__main__":
    main()
