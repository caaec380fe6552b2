"""Makes the picture of subtitles in docs/masks.md from the built-in data: frames, their masks, and the result.

make demo
python -m scripts subtitles demo
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from master_thesis.cli.main import main as run
from master_thesis.images.codec import read_frame, read_mask, write_jpeg, write_png
from master_thesis.images.listing import images_in
from master_thesis.video.io.decoding import open_source

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "images" / "subtitles.jpg"
CLIP = "data/DAVIS-2017/JPEGImages/480p/walker-crossing"
WORDS = ((2, 9, "I never said that she stole it"), (10, 19, "Then who did?"))
LOGO = (532, 20, 88, 44)
"""x, y, width and height."""
SIZE = (400, 225)
"""Width and height of each of the pictures in it."""


def write_over(frame: np.ndarray, number: int) -> np.ndarray:
    """A frame with a logo, and a subtitle in white with a black outline."""
    picture = Image.fromarray(frame)
    draw = ImageDraw.Draw(picture)
    x, y, w, h = LOGO
    draw.ellipse((x + 4, y + 4, x + w - 4, y + h - 4), fill=(250, 200, 30), outline="white", width=3)
    words = next((text for first, last, text in WORDS if first <= number <= last), "")
    font = ImageFont.load_default(26)
    x = (picture.width - draw.textlength(words, font=font)) // 2
    draw.text((x, picture.height - 46), words, font=font, stroke_width=2, stroke_fill="black")
    return np.asarray(picture)


def sheet(columns: list[list[np.ndarray]]) -> np.ndarray:
    """Pictures side by side, at a smaller size."""
    small = [[cv2.resize(each, SIZE, interpolation=cv2.INTER_AREA) for each in column] for column in columns]
    return np.concatenate([np.concatenate(column) for column in small], axis=1)


def removed(clip: Path, result: Path) -> list[list[np.ndarray]]:
    """Frames, frames with their masks, and what is left without text and logo."""
    box = " ".join(map(str, LOGO))
    assert run(f"remove {clip} --text --fixed_box {box} --output {result}.mkv --lossless".split()) == 0
    frames = [read_frame(path) for path in images_in(clip)]
    masks = [read_mask(path) for path in images_in(Path(f"{result}_masks"))]
    marked = [np.where(m[..., None], (255, 0, 90), f).astype(np.uint8) for f, m in zip(frames, masks, strict=True)]
    return [frames, marked, [timed.image for timed in open_source(Path(f"{result}.mkv")).frames()]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("demo", type=Path, help="the folder of the demo")
    parser.add_argument("--frames", type=int, nargs="+", default=[6, 14], help="numbers of the frames, from 0")
    parser.add_argument("--output", type=Path, default=PICTURE)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip"
        clip.mkdir()
        for number, path in enumerate(images_in(options.demo / CLIP)):
            write_png(clip / f"{path.stem}.png", write_over(read_frame(path), number))
        columns = removed(clip, Path(folder) / "result")
    write_jpeg(options.output, sheet([[column[t] for t in options.frames] for column in columns]), quality=90)


if __name__ == "__main__":
    main()
