"""Shadows that are cast by true objects of DAVIS on their own clips, and found again.

The true mask of every frame is sheared and flattened below the object, and dims what is there, edges blurred; pixels of
the object are kept. IoU of the shadow that is found with the one that was cast, mean over the frames, and the share of
the object that is added to the same clip without that shadow, which includes shadows that really are in it.

    python -m benchmarks.quality shadows --data_path DAVIS --sequences dog parkour
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from benchmarks.quality.masks import similarity
from master_thesis.images.codec import read_frame, read_mask
from master_thesis.images.listing import images_in
from master_thesis.masking.carrying import working_size
from master_thesis.masking.finishing import THRESHOLD, reduce_mask
from master_thesis.masking.shadows import ShadowFinder

SHADE = np.array((0.5, 0.54, 0.6))
"""What the shadow leaves of red, green and blue."""
FLATTENED, SHEARED = 0.35, 0.5
BLUR_PX = 2.0


def cast(frame: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A frame with a shadow on the ground below the object, and the shadow."""
    ys = np.nonzero(mask)[0]
    if not len(ys):
        return frame, mask
    foot = float(ys.max())
    move = np.array([[1, SHEARED, -SHEARED * foot], [0, -FLATTENED, foot * (1 + FLATTENED) - 2]])
    shadow = cv2.warpAffine(mask.astype(np.float32), move, mask.shape[::-1], flags=cv2.INTER_LINEAR)
    share = cv2.GaussianBlur(shadow, (0, 0), BLUR_PX)[..., None] * ~mask[..., None]
    dimmed = frame * (1 - share * (1 - SHADE))
    return dimmed.round().astype(np.uint8), share[..., 0] > 0.5


def found(frames: Sequence[np.ndarray], masks: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The shadows of a clip without cuts."""
    return list(ShadowFinder(frames.__getitem__, masks.__getitem__, range(len(frames))).shadows())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data_path", type=Path, required=True, help="a folder with JPEGImages and Annotations")
    parser.add_argument("--sequences", nargs="+", default=[])
    parser.add_argument("--max_frames", type=int, default=40)
    options = parser.parse_args()
    root, truth = (options.data_path / part / "480p" for part in ("JPEGImages", "Annotations"))
    print("sequence             IoU    added without  CPU s per frame", flush=True)
    for name in options.sequences or sorted(path.name for path in root.iterdir()):
        pictures = [read_frame(path) for path in images_in(root / name)[: options.max_frames]]
        size = working_size(pictures[0].shape[:2])
        frames = [cv2.resize(picture, size[::-1], interpolation=cv2.INTER_AREA) for picture in pictures]
        paths = images_in(truth / name)[: len(frames)]
        masks = [reduce_mask(read_mask(path), size) > THRESHOLD for path in paths]
        shaded, shadows = zip(*(cast(*pair) for pair in zip(frames, masks, strict=True)), strict=True)
        start = time.process_time()
        overlap = np.mean([similarity(a, b) for a, b in zip(found(shaded, masks), shadows, strict=True)])
        seconds = (time.process_time() - start) / len(frames)
        own = np.mean([a.sum() / max(b.sum(), 1) for a, b in zip(found(frames, masks), masks, strict=True)])
        print(f"{name:20} {overlap:5.3f}  {100 * own:9.1f} %    {seconds:6.2f}", flush=True)


if __name__ == "__main__":
    main()
