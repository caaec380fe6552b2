"""Plays results in a browser and compares them with their sources: length, sound in step, colours.

The same pictures encoded by x264 alone are played, too, because a browser shows no codec's colours exactly as a formula
does: what the removal itself changes is the difference between both.

A phone's clip (HEVC, turned, variable rate, full range, 1/600, AAC with an edit list beside a track that cannot be
decoded) and a recording of television (MPEG-2 and AAC, ten hours from 0). At one moment the picture flashes and
the sound begins. Needs ``pip install playwright`` and a Chromium:

    python -m stress browser --chromium /usr/bin/chromium --sheet browser.png
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from stress.case_files import save, white
from stress.commands import run_here
from stress.player import play, play_silently, served
from stress.recordings import (
    FLASH,
    SIZE,
    Film,
    frame_times,
    phone,
    sound_onset,
    source_pictures,
    television,
    turned,
    write_plain,
)
from stress.videos import box_mask

HOLE = (50, 70, 75, 100)
PLAIN = {"plain": 16, "fine": 1}
"""Encodings by x264 alone, with their CRF: that of a removal, and the finest one that browsers play."""
PAIRS = (("result", "formula"), ("plain", "formula"), ("fine", "formula"), ("result", "plain"), ("plain", "fine"))
"""What is compared: the result, and the source by formula or encoded by x264 alone."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    films = {"phone": phone, "television": television}
    parser.add_argument("--films", nargs="+", choices=films, default=list(films))
    parser.add_argument("--sheet", help="write frames of sources and results side by side to this PNG file")
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as name, sync_playwright() as driver:
        folder = Path(name)
        browser = driver.chromium.launch(executable_path=options.chromium, args=["--no-sandbox"])
        with served(folder) as url:
            rows = [compared(browser, url, films[name](folder), folder / f"{name}.mp4") for name in options.films]
        browser.close()
    if options.sheet:
        write_rows(Path(options.sheet), rows)


def compared(browser: Any, url: str, film: Film, output: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """Removes a box from a film, plays the result, and prints how it differs; returns frames of source and result."""
    mask = save(output.with_name("mask.png"), white(turned(box_mask(SIZE, HOLE), film.rotation)))
    words = ["remove", str(film.path), "--mask", str(mask), "--output", str(output)]
    assert run_here([*words, "--chn_aligner", "opencv", "--accelerator", "cpu"]) == 0
    page = browser.new_page()
    page.goto(f"{url}/page.html")
    times = frame_times(output)
    length, sound, pictures = play(page, f"{url}/{output.name}", times)
    print(output.stem, "(result, source)", json.dumps(compare(film, times, length, sound, pictures)))
    source = source_pictures(film)
    shown = {"result": pictures, "formula": source}
    for name, crf in PLAIN.items():
        write_plain(film, output.with_name(f"{name}.mp4"), crf)
        shown[name] = play_silently(page, f"{url}/{name}.mp4", frame_times(output.with_name(f"{name}.mp4")))
    for pair in PAIRS:
        print("  colours:", *pair, json.dumps(compare_colours(film, *(shown[name] for name in pair))))
    return [(source[i], pictures[i]) for i in (0, FLASH - 1, FLASH, len(pictures) - 1)]


def compare(film: Film, times: list[float], length: float, sound: list[float], pictures: list[np.ndarray]) -> dict:
    """What a viewer could notice of length, size and sound."""
    flash = int(np.argmax([p[~hole_of(film)].mean() for p in pictures]))
    source_times = frame_times(film.path)[-len(film.times) :]
    return {
        "length (s)": [round(length, 3), round(float(film.times[-1] + Fraction(1, 25)), 3)],
        "size": [pictures[0].shape[:2][::-1], turned(np.empty(SIZE), film.rotation).shape[::-1]],
        "first frame of the flash": [flash, FLASH],
        "sound after the flash (ms)": [
            round(1000 * (sound[0] - times[flash]), 1),
            round(1000 * (sound_onset(film) - source_times[FLASH]), 1),
        ],
    }


def compare_colours(film: Film, pictures: list[np.ndarray], others: list[np.ndarray]) -> dict:
    """By how much pictures differ outside the hole."""
    hole = hole_of(film)[..., None]
    errors = [blocks((a.astype(np.float32) - b) * ~hole) for a, b in zip(pictures, others, strict=True)]
    means = np.mean([e.mean(axis=(0, 1)) for e in errors], axis=0)
    return {
        "largest of a square of 8 x 8": round(float(max(np.abs(e).max() for e in errors)), 1),
        "mean size of a square's": round(float(np.mean([np.abs(e).mean() for e in errors])), 2),
        "mean of R, G, B": [round(float(v), 2) for v in means],
    }


def hole_of(film: Film) -> np.ndarray:
    """What is not compared, as players show it."""
    return turned(box_mask(SIZE, tuple(np.add(HOLE, (-10, -10, 10, 10)))), film.rotation)


def blocks(picture: np.ndarray) -> np.ndarray:
    """The means of blocks of 8 x 8 pixels, in which neither noise of coding nor ways to enlarge chroma show."""
    return cv2.resize(picture, (picture.shape[1] // 8, picture.shape[0] // 8), interpolation=cv2.INTER_AREA)


def write_rows(path: Path, rows: Sequence[Sequence[tuple[np.ndarray, np.ndarray]]]) -> None:
    """Writes pairs of frames side by side, a row for each film."""
    lines = [np.hstack([np.hstack(pair) for pair in row]) for row in rows]
    width = max(line.shape[1] for line in lines)
    padded = [np.pad(line, ((0, 4), (0, width - line.shape[1]), (0, 0))) for line in lines]
    Image.fromarray(np.vstack(padded)).save(path)
