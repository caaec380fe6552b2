"""Shadows or reflections of true objects of DAVIS, added to their own clips and found again.

The true mask of every frame is sheared and flattened below the object, and dims what is there, edges blurred; or the
object is mirrored at its lowest line and blended with what is there, 40 to 60 %. Pixels of the object are kept. IoU of
what is found with what was added, mean over the frames, and the share of the object that is found in the same clip
without it, which includes shadows and reflections that really are in it.

    python -m benchmarks.quality shadows --data_path DAVIS --sequences dog parkour
    python -m benchmarks.quality shadows --data_path DAVIS --sequences dog parkour --kind reflection
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from benchmarks.quality.masks import similarity
from master_thesis.images.codec import read_frame, read_mask, write_png
from master_thesis.images.listing import images_in
from master_thesis.masking.carrying import working_size
from master_thesis.masking.finishing import THRESHOLD, reduce_mask
from master_thesis.masking.reflections import ReflectionFinder
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


def mirror(frame: np.ndarray, mask: np.ndarray, share: float = 0.4) -> tuple[np.ndarray, np.ndarray]:
    """A frame with a reflection of the object on the ground below it, and the reflection."""
    ys = np.nonzero(mask)[0]
    if not len(ys):
        return frame, mask
    move = np.array([[1, 0, 0], [0, -1, 2.0 * ys.max() - 2]])
    size = mask.shape[::-1]
    there = cv2.warpAffine(mask.astype(np.float32), move, size, flags=cv2.INTER_LINEAR)
    image = cv2.GaussianBlur(cv2.warpAffine(frame, move, size, flags=cv2.INTER_LINEAR), (0, 0), BLUR_PX)
    weight = share * cv2.GaussianBlur(there, (0, 0), BLUR_PX)[..., None] * ~mask[..., None]
    return (frame * (1 - weight) + image * weight).round().astype(np.uint8), (there > 0.5) & ~mask


KINDS = {"shadow": (cast, ShadowFinder), "reflection": (mirror, ReflectionFinder)}


def found(finder: type[ShadowFinder], frames: Sequence[np.ndarray], masks: Sequence[np.ndarray]) -> list[np.ndarray]:
    """What is found in a clip without cuts."""
    return list(finder(frames.__getitem__, masks.__getitem__, range(len(frames))).found())


def write_picture(path: Path, frame: np.ndarray, seen: np.ndarray, true: np.ndarray) -> None:
    """Writes a frame, and beside it the same in green where what was found is right, red and blue elsewhere."""
    path.parent.mkdir(parents=True, exist_ok=True)
    colours = np.stack([true & ~seen, seen & true, seen & ~true], axis=-1) * np.uint8(255)
    write_png(path, np.hstack([frame, cv2.addWeighted(frame, 0.5, colours, 0.5, 0)]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data_path", type=Path, required=True, help="a folder with JPEGImages and Annotations")
    parser.add_argument("--sequences", nargs="+", default=[])
    parser.add_argument("--max_frames", type=int, default=40)
    parser.add_argument("--kind", choices=KINDS, default="shadow")
    parser.add_argument("--pictures", type=Path, help="folder for a frame of each sequence with what was found")
    options = parser.parse_args()
    add, finder = KINDS[options.kind]
    root, truth = (options.data_path / part / "480p" for part in ("JPEGImages", "Annotations"))
    print("sequence             IoU    added without  CPU s per frame", flush=True)
    for name in options.sequences or sorted(path.name for path in root.iterdir()):
        pictures = [read_frame(path) for path in images_in(root / name)[: options.max_frames]]
        size = working_size(pictures[0].shape[:2])
        frames = [cv2.resize(picture, size[::-1], interpolation=cv2.INTER_AREA) for picture in pictures]
        paths = images_in(truth / name)[: len(frames)]
        masks = [reduce_mask(read_mask(path), size) > THRESHOLD for path in paths]
        shaded, shadows = zip(*(add(*pair) for pair in zip(frames, masks, strict=True)), strict=True)
        start = time.process_time()
        seen = found(finder, shaded, masks)
        overlap = np.mean([similarity(a, b) for a, b in zip(seen, shadows, strict=True)])
        seconds = (time.process_time() - start) / len(frames)
        own = np.mean([a.sum() / max(b.sum(), 1) for a, b in zip(found(finder, frames, masks), masks, strict=True)])
        if options.pictures:
            middle = len(frames) // 2
            write_picture(options.pictures / f"{name}.png", shaded[middle], seen[middle], shadows[middle])
        print(f"{name:20} {overlap:5.3f}  {100 * own:9.1f} %    {seconds:6.2f}", flush=True)


if __name__ == "__main__":
    main()
