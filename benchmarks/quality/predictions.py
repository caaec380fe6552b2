"""The share of the hole that ``--check`` predicts will be hallucinated, against what the removal could not copy.

On synthetic pans (a disc that stands still in the picture, of which the truth is known too), on a still camera before
which the disc moves, and on sequences of a DAVIS tree under their own masks or a mask that does not move:

    python -m benchmarks.quality predictions --data_path DATA --max_frames 12
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.quality.coverage import make_clip
from master_thesis import VideoConfig, inpaint_video, load_small
from master_thesis.configs.video import AUTO
from master_thesis.data.sequences import find_test_sequences
from master_thesis.images.codec import read_frame, read_mask, write_png
from master_thesis.models.painter import SmoothPainter

PANS = ((40, 3, 0.0), (80, 3, 0.0), (120, 6, 0.0), (160, 6, 0.0), (80, 0, 4.0))
"""Diameter of the disc, and movement of camera and disc, in pixels (per frame)."""


@dataclass(frozen=True)
class Case:
    """Frames and holes, and the share of the holes that no frame shows, in percent; NaN: not known."""

    name: str
    frames: list[np.ndarray]
    holes: list[np.ndarray]
    hidden: float = float("nan")


def made() -> Iterator[Case]:
    """Clips whose geometry is known."""
    for diameter, pan, speed in PANS:
        frames, holes, visible = make_clip(diameter, pan, speed)
        hidden = 100 * (1 - visible[holes].mean())
        yield Case(f"disc {diameter} px, pan {pan}, speed {speed:.0f}", list(frames), list(holes), hidden)


def real(data: str, names: list[str] | None, max_frames: int) -> Iterator[Case]:
    """Sequences under their own masks, and under the first one in all frames."""
    for sequence in find_test_sequences(data)[0]:
        if names and sequence.name not in names:
            continue
        frames = [read_frame(path) for path in sequence.frames[:max_frames]]
        holes = [read_mask(path) > 0 for path in sequence.masks[:max_frames] if path]
        yield Case(f"{sequence.name}, own masks", frames, holes)
        yield Case(f"{sequence.name}, still mask", frames, [holes[0]] * len(frames))


def predicted_and_actual(case: Case, algorithm: str) -> tuple[float, float]:
    """What the examination predicts, and what was hallucinated, both in percent of the hole."""
    aligner, _ = load_small()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind, pictures in (("frames", case.frames), ("masks", case.holes)):
            (folder / kind).mkdir()
            for i, picture in enumerate(pictures):
                write_png(folder / kind / f"{i:05d}.png", picture)
        files = {"video": str(folder / "frames"), "mask": str(folder / "masks"), "output": str(folder / "out")}
        result = inpaint_video(VideoConfig(**files, mask_dilation=0), aligner, SmoothPainter(), algorithm, AUTO)
    outlook = result.report.outlook
    assert outlook is not None
    assert outlook.hallucinated_percent is not None
    shares = [origin.hallucinated_percent for origin in result.origins if origin.hole_percent]
    sizes = [origin.hole_percent for origin in result.origins if origin.hole_percent]
    return outlook.hallucinated_percent, float(np.average(shares, weights=sizes))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data_path", help="tree as in docs/data.md; default: synthetic clips only")
    parser.add_argument("--sequences", nargs="+", help="only these")
    parser.add_argument("--max_frames", type=int, default=12)
    parser.add_argument("--algorithms", nargs="+", default=["pm"])
    parser.add_argument("--skip_made", action="store_true", help="real sequences only")
    options = parser.parse_args()
    print(f"{'clip':36s}{'':4s}{'hidden':>9s}{'predicted':>11s}{'hallucinated':>14s}  (% of the hole)")
    cases = [] if options.skip_made else list(made())
    for case in [
        *cases,
        *(real(options.data_path, options.sequences, options.max_frames) if options.data_path else ()),
    ]:
        for algorithm in options.algorithms:
            predicted, actual = predicted_and_actual(case, algorithm)
            print(f"{case.name:36s}{algorithm:4s}{case.hidden:9.1f}{predicted:11.1f}{actual:9.1f}", flush=True)


if __name__ == "__main__":
    main()
