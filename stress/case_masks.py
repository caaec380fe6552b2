"""Masks as other programs write them, and holes of repeated frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from stress.case_files import Case, save, white
from stress.videos import Clip, box_mask, moving_frames


def mask_noise(folder: Path) -> Case:
    """A background that is not quite black."""
    noise = np.random.default_rng(0).integers(1, 4, (48, 64)).astype(np.uint8)
    return Case(Clip().write(folder), save(folder / "noise.png", np.maximum(noise, white(box_mask()))))


def mask_zones(folder: Path) -> Case:
    """Zones of 0, 127 and 255 in a lossy video."""
    zones = np.full((48, 64), 255, np.uint8)
    zones[8:40, 8:56], zones[16:32, 24:40] = 127, 0
    frames = [np.repeat(zones[..., None], 3, axis=2)] * 8
    masks = Clip("zones.mp4", options={"crf": "30"}).write(folder, frames)
    return Case(Clip().write(folder), masks, options=["--invert_mask", "--mask_dilation", "0"])


def mask_ones(folder: Path) -> Case:
    """0 and 1 in a lossy image."""
    path = folder / "ones.jpg"
    Image.fromarray(white(box_mask(), 1)).save(path, quality=100)
    return Case(Clip().write(folder), path)


def mask_alpha(folder: Path) -> Case:
    """A black video whose shape is its transparency."""
    clip = Clip("alpha.mov", "qtrle", "argb", alpha=white(box_mask()))
    return Case(Clip().write(folder), clip.write(folder, [np.zeros((48, 64, 3), np.uint8)] * 8))


def mask_animated(folder: Path) -> Case:
    """An animated image."""
    boxes = [Image.fromarray(white(box_mask(box=(8, 4 * i, 24, 4 * i + 16)))) for i in range(8)]
    boxes[0].save(folder / "masks.webp", save_all=True, append_images=boxes[1:], lossless=True, duration=40)
    return Case(Clip().write(folder), folder / "masks.webp")


def _numbered(folder: Path, name: str, numbers: range, pictures: list[np.ndarray]) -> Path:
    place = folder / name
    place.mkdir()
    for number, picture in zip(numbers, pictures, strict=True):
        save(place / f"{number:05d}.png", picture)
    return place


def mask_shifted(folder: Path) -> Case:
    """Frames from 0, masks from 1."""
    frames = _numbered(folder, "frames", range(8), moving_frames(8))
    return Case(frames, _numbered(folder, "masks", range(1, 9), [white(box_mask())] * 8))


def mask_sparse(folder: Path) -> Case:
    """A mask for every fourth frame."""
    frames = _numbered(folder, "frames", range(8), moving_frames(8))
    return Case(frames, _numbered(folder, "masks", range(0, 8, 4), [white(box_mask())] * 2))


def mask_rates(folder: Path) -> Case:
    """A video at 25 frames per second, masks at 20."""
    pictures = [np.repeat(white(box_mask())[..., None], 3, axis=2)] * 16
    masks = Clip("masks.mp4", rate=20, times=tuple(range(16))).write(folder, pictures)
    return Case(Clip(times=tuple(range(20))).write(folder), masks)


def identical_frames(folder: Path) -> Case:
    """Every frame twice, before a hole that moves with every pair."""
    frames = [frame for frame in moving_frames(6) for _ in range(2)]
    boxes = [white(box_mask(box=(16, 10 + 4 * (i // 2), 32, 26 + 4 * (i // 2)))) for i in range(12)]
    clip = Clip("twice.mp4", times=tuple(range(12))).write(folder, frames)
    return Case(clip, _numbered(folder, "masks", range(12), boxes), "out.mkv", ["--lossless"], is_doubled=True)
