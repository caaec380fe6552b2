"""Makes the picture of the README from what ``make demo`` wrote.

make demo
python -m scripts walker demo
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from master_thesis.images.codec import write_jpeg
from master_thesis.video.io.decoding import open_source

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "images" / "walker.jpg"
SIZE = (360, 202)
"""Width and height of each of the pictures in it."""
CLIP = "data/DAVIS-2017/JPEGImages/480p/walker-crossing"
COLUMNS = (CLIP, "walker-removed.mp4", "walker-removed_overlay.mp4")
"""Input, result, and the origin of each pixel, below the folder of the demo."""


def sheet(demo: Path, numbers: list[int]) -> np.ndarray:
    """One row for each frame, one column for each source."""
    columns = []
    for name in COLUMNS:
        frames = [timed.image for timed in open_source(demo / name).frames()]
        columns.append([cv2.resize(frames[number], SIZE, interpolation=cv2.INTER_AREA) for number in numbers])
    return np.concatenate([np.concatenate(column) for column in columns], axis=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("demo", type=Path, help="the folder of the demo")
    parser.add_argument("--frames", type=int, nargs="+", default=[4, 12, 20], help="numbers of the frames, from 0")
    parser.add_argument("--output", type=Path, default=PICTURE)
    options = parser.parse_args()
    write_jpeg(options.output, sheet(options.demo, options.frames), quality=90)


if __name__ == "__main__":
    main()
