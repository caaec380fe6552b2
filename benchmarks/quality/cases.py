"""The step across the border of the hole in clips that have no truth, beside that of Telea's method, in grey levels.

Clips are given as VIDEO=MASKS, a folder of images; masks are widened by 4 px. Columns: the mean step over all frames
(the original's at the same places says how much of it is texture), its largest value in a frame, and the share that
was copied (%).

    python -m benchmarks.quality cases cherry/cherry.mp4=cherry/cherry_m
"""

from __future__ import annotations

import argparse
from pathlib import Path

import av
import cv2
import numpy as np

from benchmarks.quality.small_holes import extra_step
from master_thesis import load_small
from master_thesis.images.codec import read_mask, write_png
from master_thesis.images.listing import images_in
from master_thesis.inpainting.motions import Motions
from master_thesis.inpainting.photomontage import Photomontage
from master_thesis.models.painter import as_painter
from master_thesis.ops.mask import widened

WIDENING_PX = 4


def read_case(video: str, masks: str) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Frames and holes."""
    with av.open(video) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return frames, [widened(read_mask(path), WIDENING_PX) for path in images_in(Path(masks))]


def montage(frames: list[np.ndarray], holes: list[np.ndarray]) -> tuple[list[np.ndarray], float]:
    """Frames as pm fills them, and the share that is copied."""
    masked = [np.where(hole[..., None], 124, frame).astype(np.uint8) for frame, hole in zip(frames, holes, strict=True)]
    filled, is_copied = [frame.copy() for frame in frames], []
    pm = Photomontage(masked, holes, as_painter(load_small()[1]), Motions.of(masked, holes))
    for t, hole in pm.fill(range(len(frames))):
        filled[t][holes[t]] = hole.colours
        is_copied.append(hole.source >= 0)
    return filled, float(np.concatenate(is_copied).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="+", metavar="VIDEO=MASKS")
    parser.add_argument("--pictures", type=Path, help="a folder for all frames of every result")
    options = parser.parse_args()
    print("clip                 method      step  largest  copied")
    for clip in options.clips:
        video, _, masks = clip.partition("=")
        frames, holes = read_case(video, masks)
        pairs = zip(frames, holes, strict=True)
        telea = [cv2.inpaint(frame, hole.astype(np.uint8), 5, cv2.INPAINT_TELEA) for frame, hole in pairs]
        filled, share = montage(frames, holes)
        for method, result in (("original", frames), ("telea", telea), ("pm", filled)):
            flat = [np.zeros_like(frame) for frame in frames]
            steps = [extra_step(*each) for each in zip(result, flat, holes, strict=True)]
            copied = f"{100 * share:8.1f}" if method == "pm" else ""
            print(f"{Path(video).stem:20} {method:8} {np.mean(steps):7.2f} {max(steps):8.2f}{copied}", flush=True)
        if options.pictures:
            options.pictures.mkdir(exist_ok=True)
            for t, frame in enumerate(filled):
                write_png(options.pictures / f"{Path(video).stem}_{t:03}.png", frame)


if __name__ == "__main__":
    main()
