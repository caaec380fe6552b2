"""Holes of videos with 10 bits per colour: whether smooth gradients are filled without bands.

A camera pans over a sky that gets brighter slowly and a textured ground, tagged as HDR10; a bright square in the
sky is removed. Where the camera stands still instead, what it hid has to be hallucinated. Of the filled luma: the
number of its levels, the root mean square error against the true sky and the largest mean error of a square of 8 x 8
pixels (bands), in levels of 10 bits. The second row is the true sky in 8 bits.

    python -m benchmarks.quality deep_colours
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from master_thesis.images.codec import write_png
from master_thesis.video.io.colours import colours_of, from_rgb, to_rgb

SIZE, NUM_FRAMES, PAN_PX = (192, 320), 16, 5
HOLE = (slice(40, 88), slice(130, 178))
DARKEST, BRIGHTEST = 300, 340
"""Luma of the sky, of 1023."""
TAGS = {"color_trc": 16, "color_primaries": 9, "colorspace": 9, "color_range": 1}
HDR_CODECS = {"ffv1": "out.mkv", "hevc": "out.mp4"}


def true_lumas(pan_px: int) -> Iterator[np.ndarray]:
    """The luma of every frame without the square, for a camera that moves by some pixels a frame."""
    (height, width), rng = SIZE, np.random.default_rng(0)
    y, x = np.mgrid[:height, : width + PAN_PX * NUM_FRAMES].astype(np.float64)
    sky = DARKEST + (BRIGHTEST - DARKEST) * (0.7 * x / x.max() + 0.3 * y / y.max())
    ground = 400 + 60 * cv2.GaussianBlur(rng.normal(size=x.shape), (0, 0), 2) * 4
    scene = np.rint(np.where(y < 0.6 * height, sky, ground).clip(64, 940)).astype(np.uint16)
    return (scene[:, pan_px * t : pan_px * t + width] for t in range(NUM_FRAMES))


def picture_of(luma: np.ndarray) -> Any:
    """A frame of 10 bits without colour."""
    picture = av.VideoFrame(SIZE[1], SIZE[0], "yuv420p10le")
    for plane, values in zip(picture.planes, (luma, 512, 512), strict=True):
        lines = np.frombuffer(plane, np.uint16).reshape(plane.height, -1)
        lines[:, : plane.width] = values
    picture.colorspace, picture.color_range = TAGS["colorspace"], TAGS["color_range"]
    return picture


def luma_of(picture: Any) -> np.ndarray:
    """The luma of a frame of 10 bits, without the padding of its lines."""
    plane = picture.planes[0]
    return np.frombuffer(plane, np.uint16).reshape(plane.height, -1)[:, : plane.width]


def write_clip(path: Path, lumas: list[np.ndarray]) -> None:
    """Writes frames without loss, tagged as HDR10."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("ffv1", rate=25)
        stream.height, stream.width, stream.pix_fmt = *SIZE, "yuv420p10le"
        for name, value in TAGS.items():
            setattr(stream.codec_context, name, value)
        for luma in lumas:
            container.mux(stream.encode(picture_of(luma)))
        container.mux(stream.encode(None))


def judge(lumas: list[np.ndarray], truth: list[np.ndarray]) -> str:
    """Levels, error and bands of the hole."""
    filled, true = (np.stack([luma[HOLE] for luma in each]).astype(np.float64) for each in (lumas, truth))
    error = filled - true
    bands = max(
        np.abs(cv2.resize(e, (e.shape[1] // 8, e.shape[0] // 8), interpolation=cv2.INTER_AREA)).max() for e in error
    )
    levels = np.mean([len(np.unique(luma)) for luma in filled])
    return f"{levels:8.1f}{np.sqrt(np.square(error).mean()):8.2f}{bands:8.2f}"


def fill(marked: list[np.ndarray], algorithms: list[str]) -> Iterator[tuple[str, list[np.ndarray]]]:
    """Removes the square by each algorithm; yields the luma of every result."""
    with tempfile.TemporaryDirectory() as name:
        folder, mask = Path(name), np.zeros(SIZE, bool)
        mask[HOLE] = True
        write_png(folder / "mask.png", mask)
        write_clip(folder / "clip.mkv", marked)
        command = [sys.executable, "-m", "master_thesis", "remove", "clip.mkv", "--mask", "mask.png", "--overwrite"]
        for algorithm in algorithms:
            for codec, output in HDR_CODECS.items():
                words = ["--algorithms", algorithm, "--codec", codec, "--output", output, "--accelerator", "cpu"]
                subprocess.run([*command, *words], cwd=folder, check=True, capture_output=True)
                with av.open(str(folder / output)) as container:
                    made = [luma_of(frame.reformat(format="yuv420p10le")) for frame in container.decode(video=0)]
                yield f"{algorithm}, {codec}", made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--algorithms", nargs="+", default=["pm"])
    options = parser.parse_args()
    for title, pan_px in (("copied", PAN_PX), ("hallucinated", 0)):
        truth = list(true_lumas(pan_px))
        print(f"{title:16s}{'levels':>8s}{'error':>8s}{'bands':>8s}")
        print(f"{'truth':16s}{judge(truth, truth)}")
        pictures = [picture_of(luma) for luma in truth]
        eight = [luma_of(from_rgb(to_rgb(p), "yuv420p10le", colours_of(p))) for p in pictures]
        print(f"{'truth, 8 bits':16s}{judge(eight, truth)}")
        marked = [luma.copy() for luma in truth]
        for luma in marked:
            luma[HOLE] = 800
        for row, made in fill(marked, options.algorithms):
            print(f"{row:16s}{judge(made, truth)}", flush=True)


if __name__ == "__main__":
    main()
