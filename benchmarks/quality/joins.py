"""How well fills join their surroundings, on synthetic clips whose truth is known, in grey levels.

Clips: a still and a panning camera whose exposure rises from 0.8 to 1.2; an object whose soft fringe and shadow lie
outside its mask; discs that swing before plain siding while the light changes; and a still camera with noise. Figures:
mean error of the pixels of a hole within 2 px of its border and of the others, the step across the border beyond the
true one, flicker (how much the error changes from frame to frame), and sharpness (1 is that of the truth).

    python -m benchmarks.quality joins
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import skimage.data
import torch

from benchmarks.quality.small_holes import extra_step
from master_thesis import InpaintOptions, load_small
from master_thesis.evaluation.surface import sharpness
from master_thesis.images.codec import write_png
from master_thesis.inpainting.inpainter import Inpainter
from master_thesis.models.painter import SmoothPainter
from master_thesis.ops.image import to_bytes, to_float

SIZE, NUM_FRAMES = (192, 320), 16
RADIUS_PX, BORDER_PX = 24, 2
NOISE = 4.0
Clip = tuple[np.ndarray, np.ndarray, np.ndarray]
"""What the camera shows, the truth without the object, and the holes."""


def photo(width: int = SIZE[1]) -> np.ndarray:
    """A picture with textures and edges, without its darkest and brightest tones."""
    return 30 + 0.65 * cv2.resize(skimage.data.coffee(), (width, SIZE[0]), interpolation=cv2.INTER_AREA)


def siding() -> np.ndarray:
    """Painted boards: a slow gradient with faint joints."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    tone = 135 + 20 * np.cos(y / 70) + 8 * np.sin(x / 90) - 14 * np.exp(-(((y % 48) - 24) ** 2) / 8)
    return tone[..., None] * np.array([0.95, 1.0, 0.92], np.float32)


def _shifted(wide: np.ndarray, x: float) -> np.ndarray:
    centre = (x + (SIZE[1] - 1) / 2, (SIZE[0] - 1) / 2)
    return cv2.getRectSubPix(wide.astype(np.float32), SIZE[::-1], centre)


def disc(t: int, reach: float = 55.0, radius: float = RADIUS_PX) -> np.ndarray:
    """Distance in px from the border of a disc that crosses the picture; negative inside."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    centre = SIZE[1] / 2 + reach * np.cos(np.pi * t / (NUM_FRAMES - 1))
    return np.hypot(x - centre, y - SIZE[0] / 2) - radius


def covered(scenes: list[np.ndarray], fringe: Callable[[np.ndarray], np.ndarray] | None = None) -> Clip:
    """Puts a bright disc before the scenes, inside the hole; ``fringe`` is its share at a distance outside."""
    truth, shown, holes = [], [], []
    for t, scene in enumerate(scenes):
        away = disc(t)
        share = (away < -2).astype(np.float32) if fringe is None else fringe(away)
        truth.append(np.rint(scene.clip(0, 255)).astype(np.uint8))
        shown.append(np.rint((scene + share[..., None] * (np.array([235, 232, 225]) - scene)).clip(0, 255)))
        holes.append(away < 0)
    return np.stack(shown).astype(np.uint8), np.stack(truth), np.stack(holes)


def ramp(t: int) -> float:
    """Exposure of a frame, 0.8 to 1.2."""
    return 0.8 + 0.4 * t / (NUM_FRAMES - 1)


def make_clips() -> dict[str, Clip]:
    """All clips, by name."""
    wide, times = photo(SIZE[1] + 3 * NUM_FRAMES), range(NUM_FRAMES)
    noise = np.random.default_rng(0).normal(0, NOISE, (NUM_FRAMES, *SIZE, 3))
    return {
        "ramp, still": covered([ramp(t) * photo() for t in times]),
        "ramp, pan": covered([ramp(t) * wide[:, 3 * t : 3 * t + SIZE[1]] for t in times]),
        "fringe": covered([photo() for _ in times], lambda away: 1 / (1 + np.exp(away / 1.2))),
        "siding": covered([siding() * (1 + 0.06 * np.sin(t / 3)) + 3 * np.cos(t / 2) for t in times]),
        "noise, pan": covered([_shifted(wide, 2.5 * t) + noise[t] for t in times]),
        "noise, still": covered([photo() + noise[t] for t in times]),
    }


def fill(name: str, shown: np.ndarray, holes: np.ndarray) -> np.ndarray:
    """Fills the holes of a clip by an algorithm, or frame by frame by Telea's method."""
    if name == "telea":
        rows = zip(shown, holes, strict=True)
        return np.stack([cv2.inpaint(f, h.astype(np.uint8), 5, cv2.INPAINT_TELEA) for f, h in rows])
    aligner, chn = load_small()
    options = InpaintOptions(name, exhaustive=True)
    x = to_float(torch.from_numpy(np.where(holes[..., None], 124, shown).astype(np.uint8))).permute(3, 0, 1, 2)
    m = torch.from_numpy(holes)[None].float()
    result = Inpainter(aligner, SmoothPainter() if name == "pm" else chn, options).fill(x.contiguous(), m)
    return to_bytes(result.frames).permute(1, 2, 3, 0).numpy()


def judge(filled: np.ndarray, truth: np.ndarray, holes: np.ndarray) -> list[float]:
    """The figures of a clip, in the order of the table."""
    error = filled.astype(np.float32) - truth
    kernel = np.ones((2 * BORDER_PX + 1,) * 2, np.uint8)
    inside = np.stack([cv2.erode(hole.astype(np.uint8), kernel) > 0 for hole in holes])
    both = holes[1:] & holes[:-1]
    step = np.mean([extra_step(*each) for each in zip(filled, truth, holes, strict=True)])
    return [
        float(np.abs(error[holes & ~inside]).mean()),
        float(np.abs(error[inside]).mean()),
        float(step),
        float(np.abs(np.diff(error, axis=0))[both].mean()),
        float(np.nanmean(sharpness(filled, truth, holes))),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", nargs="+", default=["pm", "telea"], help="pm, ip, ff, cp or telea")
    parser.add_argument("--clips", nargs="+", help="only these")
    parser.add_argument("--pictures", type=Path, help="a folder for three frames of every result")
    options = parser.parse_args()
    print(
        f"{'clip':14}{'method':8}"
        + "".join(f"{title:>10}" for title in ("border", "inside", "step", "flicker", "sharp"))
    )
    for clip, (shown, truth, holes) in make_clips().items():
        if options.clips and clip not in options.clips:
            continue
        for method in options.methods:
            filled = fill(method, shown, holes)
            print(
                f"{clip:14}{method:8}" + "".join(f"{value:10.2f}" for value in judge(filled, truth, holes)), flush=True
            )
            if options.pictures:
                options.pictures.mkdir(exist_ok=True)
                rows = [np.concatenate(each[2 :: NUM_FRAMES // 3], axis=1) for each in (shown, filled, truth)]
                write_png(options.pictures / f"{clip.replace(', ', '_')}_{method}.png", np.concatenate(rows))


if __name__ == "__main__":
    main()
