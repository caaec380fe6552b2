"""Trains the network that guesses the coarse colours of holes, on frames and silhouettes in the layout of docs/data.md.

python -m scripts coarse --data_path ./data --out coarse_colours.safetensors --minutes 75
"""

from __future__ import annotations

import argparse
import copy
import math
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from safetensors.torch import load_file, save_file
from torch import Tensor

from master_thesis.images.codec import read_frame, read_mask
from master_thesis.images.listing import images_in
from master_thesis.models.coarse import SIDE, CoarseColours, guessed, small_square
from scripts.carrier import MEASURED_ON
from scripts.coarse_masks import Mask, around, blob, cropped, placed

Frame = UInt8[np.ndarray, "H W 3"]
Sample = tuple[Float[np.ndarray, "2S S 3"], Float[np.ndarray, "S S 1"]]

HELD_OUT = slice(3, None, 20)
"""Sequences that are only measured on."""
BATCH, WARM_UP, KEEP = 32, 200, 0.998
SMALLEST_ERROR = 3e-4
"""Added to the error of the membrane that errors are divided by."""


def read_frames(data: Path, is_held_out: bool, num: int = 5) -> list[list[Frame]]:
    """Some frames of every sequence, without what is measured on."""
    found = [p for p in sorted((data / "GOT10k" / "train").iterdir()) if p.is_dir() and not p.name.startswith("davis-")]
    held = found[HELD_OUT]
    files = [images_in(folder) for folder in found if (folder in held) == is_held_out]
    return [[read_frame(path) for path in each[:: max(len(each) // num, 1)][:num]] for each in files]


def read_outlines(data: Path, num: int = 8) -> list[Mask]:
    """Some silhouettes of every sequence of masks, without what is measured on."""
    folders = sorted((data / "YouTubeVOS" / "train" / "Annotations").iterdir())
    chosen = [images_in(folder) for folder in folders if not any(name in folder.name for name in MEASURED_ON)]
    masks = [read_mask(path) > 0 for files in chosen for path in files[:: max(len(files) // num, 1)]]
    outlines = [cropped(mask.astype(np.uint8)) for mask in masks if mask.mean() > 0.002]
    return [outline for outline in outlines if min(outline.shape) >= 8]


def samples(frames: list[list[Frame]], outlines: list[Mask], random: np.random.Generator) -> Iterator[Sample]:
    """Yields what is true above what is known, and how much of each pixel is, without end."""
    while True:
        clip = frames[random.integers(len(frames))]
        frame = _part(clip[random.integers(len(clip))][:, :: random.choice((-1, 1))], random)
        outline = outlines[random.integers(len(outlines))] if random.random() < 0.6 else blob(random)
        mask = placed(outline, frame.shape[:2], random)
        if not mask.any():
            continue
        place = around(mask)
        picture, hole = frame[place].astype(np.float32), mask[place] > 0
        colours, visible = small_square(picture, hole)
        truth, _ = small_square(picture, np.zeros_like(hole))
        if (visible < 1).mean() > 0.01 and (visible > 0.5).mean() > 0.1:
            yield _tinted(np.concatenate((truth, colours)), random), visible


def _part(frame: Frame, random: np.random.Generator) -> Frame:
    """A part of a frame, or all of it."""
    if random.random() >= 0.6:
        return frame
    share, (height, width) = np.exp(random.uniform(np.log(0.4), 0)), frame.shape[:2]
    h, w = int(height * share), int(min(width, width * share * np.exp(random.uniform(-0.2, 0.2))))
    top, left = random.integers(height - h + 1), random.integers(width - w + 1)
    return frame[top : top + h, left : left + w]


def _tinted(colours: Float[np.ndarray, "2S S 3"], random: np.random.Generator) -> Float[np.ndarray, "2S S 3"]:
    """Other light, other tones, and at times other colours or none."""
    if random.random() < 0.25:
        colours = colours[..., random.permutation(3)]
    gain, gamma = np.exp(random.normal(0, 0.15, 3) + random.normal(0, 0.25)), np.exp(random.normal(0, 0.25))
    colours = colours.clip(0, 1) ** gamma * gain
    if random.random() < 0.1:
        colours = np.repeat(colours.mean(axis=-1, keepdims=True), 3, axis=-1)
    return colours.astype(np.float32)


def errors(network: CoarseColours, batch: list[Sample]) -> tuple[Tensor, Tensor]:
    """The mean square errors in the holes: of the membrane, and of the guess."""
    both, visible = (torch.from_numpy(np.stack(p)).permute(0, 3, 1, 2) for p in zip(*batch, strict=True))
    truth, colours = both.split(SIDE, dim=2)
    with torch.autocast("cpu", torch.bfloat16):
        smooth, correction = guessed(network, colours, visible)
    weight = 1 - visible
    return tuple(  # type: ignore[return-value]
        (weight * (fill.float() - truth) ** 2).sum((1, 2, 3)) / (3 * weight.sum((1, 2, 3)))
        for fill in (smooth, smooth + correction)
    )


def train(data: Path, out: Path, minutes: float, start: Path | None, rate: float) -> None:
    """Trains for some minutes and writes the averaged weights."""
    outlines, random = read_outlines(data), np.random.default_rng(0)
    drawn = samples(read_frames(data, False), outlines, random)
    held = samples(read_frames(data, True), outlines, np.random.default_rng(5))
    measured_on = [next(held) for _ in range(160)]
    network = CoarseColours()
    if start:
        network.load_state_dict(load_file(start))
    mean = copy.deepcopy(network)
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-2)
    begin, count = time.time(), 0
    while (share := (time.time() - begin) / (60 * minutes)) < 1:
        for group in optimiser.param_groups:
            group["lr"] = rate * min((count + 1) / WARM_UP, 1) * (0.02 + 0.49 * (1 + math.cos(math.pi * share)))
        of_membrane, of_guess = errors(network, [next(drawn) for _ in range(BATCH)])
        loss = (of_guess / (of_membrane + SMALLEST_ERROR)).mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        count += 1
        with torch.no_grad():
            for kept, new in zip(mean.parameters(), network.parameters(), strict=True):
                kept.lerp_(new, 1 - min(KEEP, count / (count + 10)))
        if count % 200 == 0:
            with torch.no_grad():
                before, after = errors(mean, measured_on)
            gain = 10 * (before / after).log10().mean()
            print(f"{count} steps, {time.time() - begin:.0f} s, {gain:.2f} dB over the membrane", flush=True)
    save_file({name: tensor.half().contiguous() for name, tensor in mean.state_dict().items()}, out)
    print(f"{count} steps: {out}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data_path", type=Path, default=Path("data"))
    parser.add_argument("--out", type=Path, default=Path("coarse_colours.safetensors"))
    parser.add_argument("--minutes", type=float, default=75)
    parser.add_argument("--start", type=Path, help="weights to continue from")
    parser.add_argument("--rate", type=float, default=1.2e-3)
    options = parser.parse_args()
    torch.manual_seed(0)
    train(options.data_path, options.out, options.minutes, options.start, options.rate)


if __name__ == "__main__":
    main()
