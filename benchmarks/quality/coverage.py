"""What is copied against what is truly visible, for holes of every size, on clips whose geometry is known.

A camera pans over a photograph; a disc of a given size moves across it, or stands still in the frame. A pixel of the
hole is visible if any other frame shows its place in the scene outside the disc.

    python -m benchmarks.quality coverage
"""

from __future__ import annotations

import argparse

import cv2
import numpy as np
import skimage.data
import torch

from master_thesis import InpaintOptions, load_small
from master_thesis.configs.inpainting import MONTAGE
from master_thesis.inpainting.inpainter import Inpainter
from master_thesis.ops.image import to_float

HEIGHT, WIDTH, NUM_FRAMES = 240, 416, 16
DIAMETERS_PX = (5, 10, 20, 40, 80, 160, 240)
PANS_PX = (0, 6)
WIDENING_PX = 4


def make_clip(diameter: int, pan: int, speed: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frames, holes and, of every hole pixel, whether another frame shows it."""
    photo = cv2.resize(skimage.data.coffee(), None, fx=1.3, fy=1.3, interpolation=cv2.INTER_AREA)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    frames, holes = [], []
    for t in range(NUM_FRAMES):
        frames.append(photo[60 : 60 + HEIGHT, 40 + pan * t : 40 + pan * t + WIDTH])
        centre = WIDTH / 2 + speed * (t - NUM_FRAMES / 2)
        holes.append(np.hypot(x - centre, y - HEIGHT / 2) <= diameter / 2 + WIDENING_PX)
    holes = np.stack(holes)
    seen = np.zeros((HEIGHT, WIDTH + pan * NUM_FRAMES), np.int32)
    for t in range(NUM_FRAMES):
        seen[:, pan * t : pan * t + WIDTH] += ~holes[t]
    visible = np.stack([seen[:, pan * t : pan * t + WIDTH] > 0 for t in range(NUM_FRAMES)])
    return np.stack(frames), holes, visible & holes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--algorithms", nargs="+", default=["ip"])
    options = parser.parse_args()
    aligner, chn = load_small()
    print("algorithm  diameter  pan  speed  visible  copied: thesis' rule  exhaustive (pm has but one)")
    for algorithm in options.algorithms:
        for diameter in DIAMETERS_PX:
            for pan in PANS_PX:
                speed = 0.0 if pan else max(diameter / 6, 2.0)
                frames, holes, visible = make_clip(diameter, pan, speed)
                x = to_float(torch.from_numpy(frames)).permute(3, 0, 1, 2).contiguous()
                m = torch.from_numpy(holes)[None].float()
                shares = []
                for is_exhaustive in (True,) if algorithm == MONTAGE else (False, True):
                    rule = InpaintOptions(algorithm, skip_idle=not is_exhaustive, exhaustive=is_exhaustive)
                    with torch.autocast("cpu", dtype=torch.bfloat16):
                        source = Inpainter(aligner, chn, rule).fill(x, m).source[0].numpy()
                    shares.append(100 * float((source[holes] >= 0).mean()))
                found = "".join(f"{share:12.1f} %" for share in shares)
                seen = 100 * visible[holes].mean()
                print(f"{algorithm:9} {diameter:9} {pan:4} {speed:6.1f} {seen:7.1f} %{found:>28}", flush=True)


if __name__ == "__main__":
    main()
