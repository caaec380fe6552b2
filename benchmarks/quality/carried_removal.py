"""What removal loses by carried masks: textured silhouettes over real clips, removed by true and by carried masks.

What is behind the objects is known. Masks are carried from the true one of the first frame, or from what is outlined
in a box around it, and removed by the default algorithm, together with what is unsure. All figures are those of the
pixels of the true, widened masks, so that parts of the object which a carried mask misses count: PSNR, the seam at
their border (grey levels more than in the truth), and the change of colours along the true motion (thousandths; beside
it that of the truth). Pictures are the clip, and its removal by true and carried masks and by those from a box.

    python -m benchmarks.quality carried_removal --data_path DATA --clips 4 --pictures carried
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch

from benchmarks.quality.masks import boxed, carry, similarity
from benchmarks.quality.real_clips import long_backgrounds, middling_masks
from master_thesis import InpaintOptions, load_small
from master_thesis.cli.build import load_hallucinator
from master_thesis.configs.masking import CARRIER
from master_thesis.evaluation.motion import dis_flow, estimate_motion
from master_thesis.evaluation.surface import seam
from master_thesis.images.codec import read_frame, write_png
from master_thesis.images.masks import dilate, resize_mask
from master_thesis.inpainting.inpainter import Inpainter
from master_thesis.masking.finishing import THRESHOLD, enlarge
from master_thesis.masking.outline import Outline
from master_thesis.metrics import warping_error
from master_thesis.ops.image import to_bytes, to_float

SIZE = (240, 432)
NUM_FRAMES = 12
WIDENING_PX = 4

Parts = tuple[Sequence[np.ndarray], Sequence[np.ndarray], np.ndarray]


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


def taken_by(frames: Sequence[np.ndarray], first: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The masks of a clip from that of its first frame, and what `remove` takes: these and what is unsure."""
    found = [each.mask for each in carry(frames, {0: Outline(first)})[0]]
    masks, taken = ([first, *(enlarge(mask, SIZE, least) for mask in found)] for least in (THRESHOLD, CARRIER.unsure))
    return masks, [a | b for a, b in zip(masks, taken, strict=True)]


def removed(frames: Sequence[np.ndarray], masks: Sequence[np.ndarray], inpainter: Inpainter) -> np.ndarray:
    """The clip without what widened masks cover."""
    x = to_float(torch.from_numpy(np.stack(frames))).permute(3, 0, 1, 2).contiguous()
    m = torch.from_numpy(widened(masks))[None].float()
    return to_bytes(inpainter.fill(x, m).frames).permute(1, 2, 3, 0).numpy()


def widened(masks: Sequence[np.ndarray]) -> np.ndarray:
    """Masks as wide as `remove` makes them."""
    return np.stack([dilate(mask, (3, 3), WIDENING_PX) for mask in masks])


def figures(filled: np.ndarray, truth: np.ndarray, hole: np.ndarray) -> tuple[float, float, float]:
    """PSNR in dB, seam in grey levels and warping error in thousandths of a hole; the first frame does not count."""
    filled, truth, hole = filled[1:], truth[1:], hole[1:]
    error = np.square((filled.astype(float) - truth)[hole]).mean()
    motion = estimate_motion(truth, dis_flow)
    warp = warping_error(filled, motion.flows, motion.visible & hole[:-1])
    db = 10 * np.log10(255**2 / max(error, 1e-9))
    return float(db), float(np.nanmean(seam(filled, truth, hole))), float(1e3 * np.nanmean(warp))


def measure(name: str, parts: Parts, pictures: Path | None, inpainter: Inpainter) -> None:
    """Prints the figures of a clip, made of what is behind, the true masks and the texture of the object."""
    truth, own, texture = parts
    frames, hole = compose(truth, own, texture), widened(own)
    choices = {"carried": taken_by(frames, own[0]), "box": taken_by(frames, boxed(frames, 0, own[0]).mask)}
    row = [frames[-1]]
    for kind, (masks, taken) in ({"true": (own, own)} | choices).items():
        filled = removed(frames, taken, inpainter)
        mean = np.mean([similarity(a, b) for a, b in zip(own[1:], masks[1:], strict=True)])
        recall = np.mean([(a & b).sum() / a.sum() for a, b in zip(own[1:], widened(taken)[1:], strict=True)])
        db, step, warp = figures(filled, np.stack(truth), hole)
        print(f"{name:20}  {kind:8} {mean:5.3f}  {recall:6.3f}  {db:6.2f}  {step:6.2f}  {warp:6.2f}", flush=True)
        row.append(filled[-1])
    still = figures(np.stack(truth), np.stack(truth), hole)[2]
    print(f"{name:20}  truth {'':29} {still:6.2f}", flush=True)
    if pictures:
        pictures.mkdir(parents=True, exist_ok=True)
        write_png(pictures / f"{name}.png", np.hstack(row))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data_path", required=True)
    parser.add_argument("--clips", type=int, default=4)
    parser.add_argument("--start", type=int, default=0, help="number of the first clip")
    parser.add_argument("--pictures", type=Path, help="a folder for pictures of the last frames")
    options = parser.parse_args()
    inpainter = Inpainter(load_small()[0], load_hallucinator("exemplar"), InpaintOptions("pm"))
    backgrounds, outlines = long_backgrounds(options.data_path), middling_masks(options.data_path)
    print("clip                  masks        J  recall      dB    seam    warp", flush=True)
    for i in range(options.start, min(options.clips, len(backgrounds))):
        part, name = backgrounds[i]
        paths = part.files(name)[:NUM_FRAMES]
        truth = [cv2.resize(read_frame(path), SIZE[::-1], interpolation=cv2.INTER_AREA) for path in paths]
        own = [resize_mask(mask, SIZE) for mask in outlines[i % len(outlines)][:NUM_FRAMES]]
        other, other_name = backgrounds[(i + 1) % len(backgrounds)]
        texture = cv2.resize(read_frame(other.files(other_name)[0]), SIZE[::-1], interpolation=cv2.INTER_AREA)
        measure(name, (truth, own, texture), options.pictures, inpainter)


if __name__ == "__main__":
    main()
