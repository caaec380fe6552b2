"""Files as people really have them, made small: what a removal says and writes for each.

The rows are those of the table in docs/reliability.md. ``python -m stress cases`` makes the files, runs every row and
prints the result.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

from stress import case_films as films
from stress import case_masks as masks
from stress import case_sounds as sounds
from stress.case_files import Case
from stress.commands import run_here
from stress.videos import shown

CASES: dict[str, Callable[[Path], Case]] = {
    made.__name__.replace("_", "-"): made
    for made in (
        *(sounds.sound_pcm, sounds.sound_opus, sounds.sound_unknown, sounds.sound_wma, sounds.sound_back),
        *(films.hidden_start, films.clock, films.last_frame, films.hdr, sounds.tracks, films.two_pictures),
        *(films.side_data, films.name_colon, films.playlist, films.damaged, films.size_change, films.shown_size),
        *(masks.mask_noise, masks.mask_zones, masks.mask_ones, masks.mask_alpha, masks.mask_animated),
        *(masks.mask_shifted, masks.mask_sparse, masks.mask_rates, masks.identical_frames),
    )
}
"""How the files of every row are made."""


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def run_case(name: str, folder: Path) -> str:
    """Makes the files of a row, fills the video, and says in one line what came of it."""
    case = CASES[name](folder)
    named = ["--output", case.output] if case.output else []
    words = ["remove", str(case.video), "--mask", str(case.mask), *named, *case.options]
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    logging.getLogger().addHandler(handler)
    try:
        with _inside(folder), contextlib.redirect_stderr(log):
            code = run_here(words)
    finally:
        logging.getLogger().removeHandler(handler)
    lines = [line.strip() for line in log.getvalue().splitlines()]
    said = [line for line in lines if line.startswith("note:")]
    if code:
        return next(line.split("error: ")[-1] for line in reversed(lines) if line)
    made = next(p for p in sorted(folder.iterdir()) if p.name == case.output or "_inpainted.m" in p.name)
    alike = [f"fills of a pair differ by {_difference_of_pairs(made, case.mask):.2f} of 255"] if case.is_doubled else []
    return "; ".join([_described(made), *alike, *dict.fromkeys(said)])


def _difference_of_pairs(path: Path, masks: Path) -> float:
    """The mean difference in the holes between frames 0 and 1, 2 and 3, and so on."""
    holes = [np.asarray(Image.open(mask)) > 0 for mask in sorted(masks.iterdir())]
    frames = [picture.astype(float) for _, picture in shown(path)]
    pairs = zip(frames[::2], frames[1::2], holes[::2], strict=True)
    return float(np.mean([np.abs(first - second)[hole].mean() for first, second, hole in pairs]))


def _described(path: Path) -> str:
    with av.open(f"file:{path}") as container:
        streams = [s.codec_context.name if s.codec_context else s.type for s in container.streams]
        times = [float(frame.time) for frame in container.decode(video=0)]
        end = float(Fraction(container.duration or 0, 1_000_000))
    return f"{path.suffix} ({', '.join(streams)}), {len(times)} frames from {times[0]:.3f} s, {end:.2f} s"


def main() -> None:
    """Runs the rows and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", help="rows to run (default: all)")
    rows = parser.parse_args().rows or list(CASES)
    print("| file | result |\n|---|---|")
    for row in rows:
        with tempfile.TemporaryDirectory() as folder:
            print(f"| {row} | {run_case(row, Path(folder))} |", flush=True)


if __name__ == "__main__":
    main()
