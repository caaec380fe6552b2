"""Times everything against a plain path in the same run.

The plain path computes in float32, one pair at a time, caches nothing and decodes at full size. Networks have the
thesis' sizes and random weights, because their output does not matter here.

    python -m benchmarks.speed table                  # all rows (a quarter of an hour on two idle cores)
    python -m benchmarks.speed table align share      # some rows; the JSON file keeps the others
    python -m benchmarks.speed table --table          # prints the table of docs/performance.md
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks.speed.before import clips, start
from benchmarks.speed.networks import align, compiled, paint, share, training
from benchmarks.speed.scenes import Rows
from benchmarks.speed.sequences import PLAIN, curves, dfpn_sequence, length, sequence
from benchmarks.speed.timing import append, use_processor_time
from master_thesis.runtime.malloc import keep_freed_memory

ROWS: dict[str, Callable[[argparse.Namespace], Rows]] = {
    f.__name__: f
    for f in (clips, align, paint, compiled, share, training, sequence, dfpn_sequence, length, start, curves)
}


def table(path: Path) -> str:
    """Returns the measured rows as Markdown."""
    kept = json.loads(path.read_text())
    lines = ["| what | plain | fast | ratio | goal | |", "|---|---|---|---|---|---|"]
    lines += [
        "| " + " | ".join(str(r[k]) for k in ("name", "plain", "fast", "ratio", "goal", "note")) + " |"
        for r in kept["rows"]
    ]
    return "\n".join([", ".join(f"{k} {v}" for k, v in kept["machine"].items()), "", *lines])


def plot(path: Path, picture: Path) -> None:
    """Draws the cost against length, resolution and number of references."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    drawn = {r["name"]: r["curve"] for r in json.loads(path.read_text())["rows"] if "curve" in r}
    figure, axes = plt.subplots(1, 3, figsize=(10, 3), layout="constrained")
    kinds = (
        ("milliseconds", "frames", "ms per frame"),
        ("by rows", "rows (2 : 1)", "s"),
        ("references", "references", "s"),
    )
    for axis, (word, x, y) in zip(axes, kinds, strict=True):
        for name, curve in drawn.items():
            if word in name:
                axis.plot([float(k) for k in curve], list(curve.values()), "o-", label=name.rpartition(", ")[2])
        axis.set(xlabel=x, ylabel=y, ylim=(0, None))
        axis.grid(alpha=0.3)
    if axes[0].has_data():
        axes[0].legend()
    figure.savefig(picture, dpi=80)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"some of {', '.join(ROWS)}; default: all")
    parser.add_argument("--json", type=Path, default=Path("benchmarks/results/speed.json"))
    parser.add_argument("--algorithms", nargs="+", default=list(PLAIN), choices=list(PLAIN))
    parser.add_argument("--holes", type=int, default=8, help="frames with a hole among the forty of 480 x 240")
    parser.add_argument("--data_path", help="take the forty frames from a test sequence of this tree")
    parser.add_argument("--sequence", default="car-shadow", help="name of that sequence")
    parser.add_argument("--plot", type=Path, metavar="PNG", help="draw the measured curves")
    parser.add_argument("--table", action="store_true", help="print the table of all measured rows")
    parser.add_argument("--busy", action="store_true", help="measure the processor time of one thread")
    options = parser.parse_args()
    unknown = set(options.rows) - set(ROWS)
    if unknown:
        parser.error(f"rows should be some of {', '.join(ROWS)}, got {', '.join(sorted(unknown))}")
    keep_freed_memory()
    if options.busy:
        use_processor_time()
    is_showing = options.table or options.plot
    for name in options.rows or ([] if is_showing else list(ROWS)):
        began = time.perf_counter()
        for measured in ROWS[name](options):
            if options.busy:
                measured["note"] = ", ".join(filter(None, (measured["note"], "processor time of one thread")))
            append(options.json, [measured])
            print({k: v for k, v in measured.items() if v != ""}, flush=True)
        peak = torch.cuda.max_memory_allocated() / 2**30 if torch.cuda.is_available() else 0
        note = f", at most {peak:.1f} GiB of GPU memory so far" if peak else ""
        print(f"{name}: {time.perf_counter() - began:.0f} s{note}", flush=True)
    if options.table:
        print(table(options.json))
    if options.plot:
        plot(options.json, options.plot)


if __name__ == "__main__":
    main()
