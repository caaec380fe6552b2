"""What removal loses by carried masks: textured silhouettes over real clips, removed by their own and by carried masks.

What is behind the objects is known. The first mask is given to both; PSNR is that of the pixels of the own, widened
masks after the first frame, so that parts of the object which a carried mask misses count.

    python -m benchmarks.quality carried_removal --data_path DATA --clips 4 --pictures carried
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch

from benchmarks.quality.masks import similarity
from benchmarks.quality.real_clips import long_backgrounds, middling_masks
from master_thesis import InpaintOptions, load_small
from master_thesis.images.codec import read_frame, write_png
from master_thesis.images.masks import dilate, resize_mask
from master_thesis.inpainting.inpainter import Inpainter
from master_thesis.masking.carrying import Carrier, load_carrier
from master_thesis.masking.finishing import enlarge, reduce_mask
from master_thesis.masking.spans import carry_span, plan_spans
from master_thesis.ops.image import to_bytes, to_float

SIZE = (240, 432)
NUM_FRAMES = 12
WIDENING_PX = 4


def moved_texture(texture: np.ndarray, mask: np.ndarray, first: np.ndarray) -> np.ndarray:
    """A texture that moves with the centre of a mask."""
    shift = [int(np.mean(np.nonzero(mask)[axis]) - np.mean(np.nonzero(first)[axis])) for axis in (0, 1)]
    return np.roll(texture, shift, axis=(0, 1))


def compose(backgrounds: Sequence[np.ndarray], masks: Sequence[np.ndarray], texture: np.ndarray) -> list[np.ndarray]:
    """The clip with the object."""
    looks = [moved_texture(texture, mask, masks[0]) for mask in masks]
    return [
        np.where(cv2.blur(mask.astype(np.float32), (3, 3))[..., None] > 0.5, look, frame)
        for frame, mask, look in zip(backgrounds, masks, looks, strict=True)
    ]


def carry(frames: Sequence[np.ndarray], first: np.ndarray) -> list[np.ndarray]:
    """The masks of a clip from that of its first frame."""
    carrier, keys = Carrier(load_carrier(), frames.__getitem__, SIZE), {0: reduce_mask(first, SIZE)}
    spans = plan_spans(len(frames), [], [0])
    return [first, *(enlarge(each.mask, SIZE) for span in spans for each in carry_span(carrier, keys, span))]


def removed(frames: Sequence[np.ndarray], masks: Sequence[np.ndarray], inpainter: Inpainter) -> np.ndarray:
    """The clip without what widened masks cover."""
    x = to_float(torch.from_numpy(np.stack(frames))).permute(3, 0, 1, 2).contiguous()
    m = torch.from_numpy(np.stack([dilate(mask, (3, 3), WIDENING_PX) for mask in masks]))[None].float()
    return to_bytes(inpainter.fill(x, m).frames).permute(1, 2, 3, 0).numpy()


def psnr(filled: np.ndarray, truth: np.ndarray, masks: Sequence[np.ndarray]) -> float:
    """PSNR in the own, widened masks, in dB."""
    hole = np.stack([dilate(mask, (3, 3), WIDENING_PX) for mask in masks])[1:]
    error = (filled[1:].astype(float) - truth[1:])[hole]
    return float(10 * np.log10(255**2 / max((error**2).mean(), 1e-9)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data_path", required=True)
    parser.add_argument("--clips", type=int, default=4)
    parser.add_argument("--pictures", type=Path, help="a folder for pictures of the last frames")
    options = parser.parse_args()
    inpainter = Inpainter(*load_small(), InpaintOptions("ip", exhaustive=True))
    backgrounds, outlines = long_backgrounds(options.data_path), middling_masks(options.data_path)
    print("clip                  J      own masks  carried masks", flush=True)
    for i, (part, name) in enumerate(backgrounds[: options.clips]):
        paths = part.files(name)[:NUM_FRAMES]
        truth = [cv2.resize(read_frame(path), SIZE[::-1], interpolation=cv2.INTER_AREA) for path in paths]
        own = [resize_mask(mask, SIZE) for mask in outlines[i % len(outlines)][:NUM_FRAMES]]
        other, other_name = backgrounds[(i + 1) % len(backgrounds)]
        texture = cv2.resize(read_frame(other.files(other_name)[0]), SIZE[::-1], interpolation=cv2.INTER_AREA)
        frames = compose(truth, own, texture)
        carried = carry(frames, own[0])
        filled = [removed(frames, masks, inpainter) for masks in (own, carried)]
        mean = np.mean([similarity(a, b) for a, b in zip(own[1:], carried[1:], strict=True)])
        own_db, carried_db = (psnr(each, np.stack(truth), own) for each in filled)
        print(f"{name:20}  {mean:5.3f}  {own_db:6.2f} dB  {carried_db:6.2f} dB", flush=True)
        if options.pictures:
            options.pictures.mkdir(parents=True, exist_ok=True)
            write_png(options.pictures / f"{name}.png", np.hstack([frames[-1], *(each[-1] for each in filled)]))


if __name__ == "__main__":
    main()
