"""A folder with good files of every kind that the package reads, tiny checkpoints included."""

from __future__ import annotations

import contextlib
import io
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from master_thesis.checkpoints.loading import export_network
from master_thesis.configs.data import DataConfig
from master_thesis.data.index import load_index
from master_thesis.images.codec import write_png
from master_thesis.video.patch_store import Patch, PatchFolder
from scripts.tiny import TINY_CHN, write_data
from stress.commands import SMALL, run_here
from stress.images import SIZE, write_images
from stress.videos import CONTAINERS, box_mask, moving_frames

NUM_PATCHES = 3
MADE_FROM = {"a": [1, {"b": "c"}]}
"""What the stored patches claim to be made from."""
SUFFIXES = {
    "image": {".jpg", ".png", ".webp", ".bmp", ".tiff", ".gif"},
    "video": {".mp4", ".mov", ".mkv", ".webm", ".avi", ".gif"},
    "checkpoint": {".ckpt", ".safetensors"},
}


@dataclass(frozen=True)
class World:
    """A folder with good files (``good``, never written to) and a place to write to (``out``)."""

    folder: Path

    @property
    def good(self) -> Path:
        """The good files."""
        return self.folder / "good"

    @property
    def out(self) -> Path:
        """Where cases run and write."""
        return self.folder / "out"

    def snapshot(self) -> dict[Path, tuple[int, int]]:
        """Returns the size and the time of every file that must not change."""
        found = (path for path in self.folder.rglob("*") if self.out not in (path, *path.parents))
        return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in found}

    def files(self, kind: str) -> list[Path]:
        """Returns the good files of a kind: image, video, checkpoint or cache."""
        if kind == "cache":
            parts = self.good / "parts"
            return [self.good / "cache.json", parts / "window_00000.npz", parts / "made_from.json"]
        return sorted(path for path in self.good.iterdir() if path.suffix in SUFFIXES[kind])


def build(folder: Path) -> World:
    """Writes the good files: data, images, videos, masks, checkpoints and caches."""
    world = World(folder)
    good = world.good
    good.mkdir()
    write_data(good)
    write_images(good)
    for clip in CONTAINERS:
        clip.write(good)
    _write_frames_and_masks(good)
    _write_checkpoints(good)
    load_index(config_with_cache(good / "cache.json", good))
    parts = PatchFolder(good / "parts", MADE_FROM)
    parts.save(0, {n: _patch(n) for n in range(NUM_PATCHES)})
    return world


def config_with_cache(path: Path, good: Path) -> DataConfig:
    """Returns options whose cache is the given file."""
    return DataConfig(data_path=str(good / "data"), data_ckpt_path=str(path))


def _write_frames_and_masks(folder: Path) -> None:
    for name in ("frames", "masks"):
        (folder / name).mkdir()
    for i, frame in enumerate(moving_frames(4, SIZE)):
        write_png(folder / "frames" / f"{i}.png", frame)
        write_png(folder / "masks" / f"{i}.png", box_mask(SIZE))


def _write_checkpoints(folder: Path) -> None:
    """Writes checkpoints of both networks, their exports, and one in the format of old versions of torch."""
    train = f"--data_path {folder}/data {SMALL}"
    _train(folder, train, "dfpn.ckpt")
    aligner = f"--chn --chn_aligner dfpn --chn_aligner_checkpoint {folder}/dfpn.ckpt"
    _train(folder, f"{train} {aligner} {TINY_CHN}", "chn.ckpt")
    for kind in ("dfpn", "chn"):
        export_network(folder / f"{kind}.ckpt", folder / f"{kind}.safetensors")
    old = {"state_dict": {"nn.conv_last.bias": torch.ones(3), "model_vgg.features.0.bias": torch.ones(64)}}
    torch.save(old, folder / "old.ckpt", _use_new_zipfile_serialization=False)


def _train(folder: Path, arguments: str, name: str) -> None:
    """Trains for one step and keeps the checkpoint."""
    runs = folder / "runs"
    words = f"{arguments} --max_epochs 1 --default_root_dir {runs} --data_ckpt_path {folder}/cache.json"
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
        assert run_here(words.split()) == 0, said.getvalue()
    shutil.copy(runs / "lightning_logs/version_0/checkpoints/last.ckpt", folder / name)
    shutil.rmtree(runs)


def _patch(seed: int) -> Patch:
    hole = box_mask(SIZE)
    count = int(hole.sum())
    rng = np.random.default_rng(seed)
    return Patch.of(hole, rng.integers(0, 256, (count, 3), dtype=np.uint8), np.full(count, seed, np.int32))
