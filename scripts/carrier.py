"""Trains the network that carries masks, on clips that are composed while it trains.

``pack`` collects frames and silhouettes in the layout of docs/data.md; ``train`` needs torch alone and suits a GPU that
is available for minutes:

    python -m scripts carrier pack load.npz --data_path ./data
    python -m scripts carrier train load.npz --out carrier.safetensors --minutes 5.2
"""

from __future__ import annotations

import argparse
import copy
import io
import math
import random
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor

from master_thesis.images.codec import read_frame, read_mask
from master_thesis.images.listing import images_in
from master_thesis.models.carrier import MaskCarrier, Memory
from scripts.moving_objects import SIZE, Composer, Stock, base_points, moments, sample, uniform

NUM_FRAMES = 5
MEASURED_ON = (
    *("blackswan", "bmx-trees", "car-shadow", "cows", "dance-twirl", "dog", "drift-chicane", "drift-straight"),
    *("motocross-jump", "paragliding", "parkour", "scooter-black", "tennis"),
)
"""Sequences of DAVIS that masks are measured on; other data sets have some of their silhouettes."""
WARM_UP = 300
KEEP = 0.998
"""Share of the averaged weights that a step keeps."""


def read_stock(path: Path, device: str) -> Stock:
    """Decodes what ``pack`` wrote."""
    load = np.load(path)

    def pictures(data: str, ends: str) -> Tensor:
        blob = load[data]
        parts = [blob[a:b].tobytes() for a, b in pairwise(load[ends])]
        decoded = np.stack([np.atleast_3d(np.asarray(Image.open(io.BytesIO(part)))) for part in parts])
        return torch.from_numpy(decoded).permute(0, 3, 1, 2).contiguous().to(device)

    runs = [[(int(start), int(length)) for start, length in load[name]] for name in ("clips", "silhouettes")]
    return Stock(pictures("frames", "frame_ends"), pictures("masks", "mask_ends"), *runs)


def pack(data: Path, load: Path) -> None:
    """Collects frames and silhouettes at the size of the clips, without what DAVIS is measured on."""
    clips = _runs(data / "GOT10k" / "train", lambda path: _jpeg(read_frame(path)), ("davis-",))
    masks = data / "YouTubeVOS" / "train" / "Annotations"
    outlines = _runs(masks, lambda path: _png(read_mask(path)), MEASURED_ON)
    arrays = {}
    for name, ends, (blobs, _) in (("frames", "frame_ends", clips), ("masks", "mask_ends", outlines)):
        arrays[name] = np.concatenate(blobs)
        arrays[ends] = np.cumsum([0, *map(len, blobs)])
    np.savez(load, **arrays, clips=np.array(clips[1]), silhouettes=np.array(outlines[1]))
    print(f"{load}: {len(clips[0])} frames of {len(clips[1])} clips, {len(outlines[0])} silhouettes")


def _runs(
    folder: Path, encode: Callable[[Path], np.ndarray], without: Sequence[str]
) -> tuple[list[np.ndarray], list[tuple[int, int]]]:
    """The encoded pictures of every folder whose name holds none of some words, and which of them belong together."""
    blobs: list[np.ndarray] = []
    runs: list[tuple[int, int]] = []
    for sequence in sorted(path for path in folder.iterdir() if path.is_dir()):
        if any(name in sequence.name for name in without):
            continue
        found = [encode(path) for path in images_in(sequence)]
        runs.append((len(blobs), len(found)))
        blobs += found
    return blobs, runs


def _jpeg(image: np.ndarray) -> np.ndarray:
    small = cv2.resize(image, SIZE[::-1], interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])[1].ravel()


def _png(mask: np.ndarray) -> np.ndarray:
    small = cv2.resize(mask.astype(np.uint8) * 255, SIZE[::-1], interpolation=cv2.INTER_AREA)
    return cv2.imencode(".png", small)[1].ravel()


def guess(predicted: Tensor, before: Tensor, now: Tensor) -> Tensor:
    """The previous mask where flow might carry it: moved as the object moved, with errors."""
    b = predicted.shape[0]
    (from_, old), (to, new) = (moments(m.unsqueeze(1)) for m in (before, now))
    size = (new / old.clamp(min=1e-4)).clamp(0.5, 2).sqrt().view(b, 1, 1, 1, 1)
    grid = (base_points(predicted) - to.view(b, 1, 1, 1, 2)) / size + from_.view(b, 1, 1, 1, 2)
    is_still = (torch.rand(b, 1, 1, 1, 1, device=predicted.device) < 0.15) | (old[..., None, None, None] < 1e-4)
    grid = torch.where(is_still, base_points(predicted), grid)
    extent = uniform(0, 0.09, b, 1, 1, 1, like=predicted)
    noise = torch.randn(b, 2, 4, 7, device=predicted.device) * extent
    noise = F.interpolate(noise, SIZE, mode="bicubic").permute(0, 2, 3, 1).unsqueeze(1)
    return sample(predicted.unsqueeze(1), grid + noise, "zeros")[:, 0]


def loss_of(logits: Tensor, truth: Tensor) -> Tensor:
    """Cross-entropy and the overlap."""
    target = F.avg_pool2d(truth, 2)
    p = logits.sigmoid()
    overlap = (2 * (p * target).sum((1, 2, 3)) + 50) / ((p + target).sum((1, 2, 3)) + 50)
    return F.binary_cross_entropy_with_logits(logits, target) * 2 + (1 - overlap).mean()


def step(model: MaskCarrier, frames: Tensor, masks: Tensor) -> Tensor:
    """The loss of one batch: masks are carried from the first frame through the clip."""
    b, t = frames.shape[:2]
    codes = model.encode(frames.flatten(0, 1).contiguous(memory_format=torch.channels_last))
    parts = [type(codes)(*(plane.unflatten(0, (b, t))[:, i] for plane in vars(codes).values())) for i in range(t)]
    memory, recent, losses = [model.remember(parts[0], masks[:, 0])], [], []
    last = t
    if random.random() < 0.3:
        last = t - 1
        memory.append(model.remember(parts[-1], masks[:, -1]))
    before = masks[:, 0]
    for i in range(1, last):
        carried = guess(before, masks[:, i - 1], masks[:, i])
        if random.random() < 0.08:
            carried = torch.full_like(carried, 0.5)
        logits = model(parts[i], Memory.join([*memory, *recent[-1:]]), carried).float()
        losses.append(loss_of(logits, masks[:, i]))
        before = F.interpolate(logits.detach(), SIZE, mode="bilinear").sigmoid()
        recent.append(model.remember(parts[i], before))
    return torch.stack(losses).mean()


def train(load: Path, out: Path, minutes: float, batch: int, start: Path | None, rate: float) -> None:
    """Trains for some minutes and writes the averaged weights."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.backends.cudnn.benchmark = True
    stock = read_stock(load, device)
    composer = Composer(stock, NUM_FRAMES)
    model = MaskCarrier()
    if start:
        model.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in load_file(start).items()})
    model = model.to(device, memory_format=torch.channels_last).train()
    mean = copy.deepcopy(model)
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=1e-3)
    begin, count, total = time.time(), 0, 0.0
    while (share := (time.time() - begin) / (60 * minutes)) < 1:
        for group in optimiser.param_groups:
            group["lr"] = rate * min((count + 1) / WARM_UP, 1) * (0.02 + 0.49 * (1 + math.cos(math.pi * share)))
        with torch.no_grad():
            frames, masks = composer.draw(batch)
        with torch.autocast(device, dtype=torch.bfloat16):
            loss = step(model, frames, masks)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        if not norm.isfinite():
            continue
        optimiser.step()
        count += 1
        keep = min(KEEP, count / (count + 10))
        with torch.no_grad():
            for kept, new in zip(mean.state_dict().values(), model.state_dict().values(), strict=True):
                kept.lerp_(new, 1 - keep) if kept.is_floating_point() else kept.copy_(new)
        if count % 20 == 0:
            total += float(loss)
        if count % 400 == 0:
            print(f"{count} steps, {time.time() - begin:.0f} s, loss {total / 20:.4f}", flush=True)
            total = 0.0
    halves = {k: (v.half() if v.is_floating_point() else v) for k, v in mean.state_dict().items()}
    save_file({k: v.contiguous() for k, v in halves.items()}, out)
    print(f"{count} steps: {out}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("pack", "train"))
    parser.add_argument("load", type=Path, help="the collected frames and silhouettes (.npz)")
    parser.add_argument("--data_path", type=Path, default=Path("data"), help="of pack")
    parser.add_argument("--out", type=Path, default=Path("carrier.safetensors"))
    parser.add_argument("--minutes", type=float, default=5.2)
    parser.add_argument("--batch_size", type=int, default=24)
    parser.add_argument("--start", type=Path, help="weights to continue from")
    parser.add_argument("--rate", type=float, default=1e-3)
    options = parser.parse_args()
    if options.what == "pack":
        pack(options.data_path, options.load)
        return
    torch.manual_seed(0)
    random.seed(0)
    train(options.load, options.out, options.minutes, options.batch_size, options.start, options.rate)


if __name__ == "__main__":
    main()
