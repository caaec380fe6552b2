"""A small hole before a person who moves behind it: what is copied, and how much of it from the wrong place.

The camera stands still, a disc moves slowly over the frame, and a walking figure passes behind it, so that many
frames show something else where the disc was. The truth below the disc is known. The columns: the hole's PSNR (dB),
the share of its pixels that are wrong by more than 32 grey levels in a channel (%), how much the step across its border
exceeds the true one (grey levels), and the share that was copied (%).

    python -m benchmarks.quality small_holes
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import skimage.data
import torch

from master_thesis import InpaintOptions, load_small
from master_thesis.data.builtin.silhouettes import Pose, walker
from master_thesis.images.codec import write_png
from master_thesis.inpainting.inpainter import Inpainter
from master_thesis.ops.image import to_bytes, to_float

SIZE, NUM_FRAMES = (192, 320), 20
WRONG = 32
DISC_PX, WIDENING_PX = 44, 4
CLIPS = {
    "figure comes to stay": (3.0, 14.0, -20.0),
    "figure passes": (3.0, 9.0, 999.0),
    "disc passes": (-8.0, 4.0, 999.0),
}
"""Speeds of disc and figure in px per frame, and where the figure stops, in px from the middle of the frame."""


def make_clip(disc_speed: float, figure_speed: float, stop: float) -> tuple[np.ndarray, np.ndarray]:
    """True frames and holes."""
    height, width = SIZE
    photo = cv2.resize(skimage.data.coffee(), (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    cloth = cv2.resize(skimage.data.rocket()[:240, :320], (width, height)).astype(np.float32) * [0.4, 0.6, 1.0]
    y, x = np.mgrid[:height, :width]
    frames, holes = [], []
    for t in range(NUM_FRAMES):
        since_middle = t - NUM_FRAMES / 2
        place = min(figure_speed * since_middle, stop)
        pose = Pose((width / 2 + place, height / 2), 0.95 * height, 0.7 * place / figure_speed)
        cover = walker(SIZE, pose)[..., None]
        moving = np.roll(cloth, round(place), axis=1)
        frames.append(np.rint(cover * moving + (1 - cover) * photo).astype(np.uint8))
        centre = width / 2 + disc_speed * since_middle
        holes.append(np.hypot(x - centre, y - 0.45 * height) <= DISC_PX / 2 + WIDENING_PX)
    return np.stack(frames), np.stack(holes)


def extra_step(filled: np.ndarray, truth: np.ndarray, hole: np.ndarray) -> float:
    """By how much the step across the border of a hole exceeds that of the true frame, in grey levels."""
    steps = []
    for frame in (filled, truth):
        frame = frame.astype(np.float32)
        both = [(hole[1:] != hole[:-1], np.abs(frame[1:] - frame[:-1]))]
        both.append((hole[:, 1:] != hole[:, :-1], np.abs(frame[:, 1:] - frame[:, :-1])))
        steps.append(np.concatenate([difference[border].ravel() for border, difference in both]).mean())
    return float(steps[0] - steps[1])


def judge(filled: np.ndarray, truth: np.ndarray, holes: np.ndarray) -> tuple[float, float, float]:
    """PSNR in the hole, percent of wrong pixels, and extra step."""
    error = filled[holes].astype(np.float32) - truth[holes]
    psnr = 10 * np.log10(255**2 / np.square(error).mean())
    wrong = 100 * (np.abs(error).max(axis=-1) > WRONG).mean()
    step = np.mean([extra_step(*each) for each in zip(filled, truth, holes, strict=True)])
    return float(psnr), float(wrong), float(step)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--algorithms", nargs="+", default=["ip"])
    parser.add_argument("--pictures", type=Path, help="a folder for a row of frames of every clip")
    options = parser.parse_args()
    aligner, chn = load_small()
    print("clip                     algorithm  rule         PSNR  wrong   step  copied")
    for clip, movement in CLIPS.items():
        truth, holes = make_clip(*movement)
        x = to_float(torch.from_numpy(truth)).permute(3, 0, 1, 2).contiguous()
        m = torch.from_numpy(holes)[None].float()
        for algorithm in options.algorithms:
            for is_exhaustive in (False, True):
                rule = InpaintOptions(algorithm, skip_idle=not is_exhaustive, exhaustive=is_exhaustive)
                with torch.autocast("cpu", dtype=torch.bfloat16):
                    result = Inpainter(aligner, chn, rule).fill(x, m)
                filled = to_bytes(result.frames).permute(1, 2, 3, 0).numpy()
                psnr, wrong, step = judge(filled, truth, holes)
                copied = 100 * float((result.source[0].numpy()[holes] >= 0).mean())
                name = "exhaustive" if is_exhaustive else "thesis"
                print(
                    f"{clip:24} {algorithm:10} {name:10} {psnr:6.2f} {wrong:6.1f} {step:6.2f} {copied:7.1f}", flush=True
                )
                if options.pictures:
                    options.pictures.mkdir(exist_ok=True)
                    row = np.concatenate(filled[:: NUM_FRAMES // 4], axis=1)
                    write_png(options.pictures / f"{clip.replace(' ', '_')}_{algorithm}_{name}.png", row)


if __name__ == "__main__":
    main()
