"""The good files of :mod:`stress.fuzz`, and everyone who reads such files."""

from __future__ import annotations

import contextlib
import io
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from master_thesis.checkpoints.loading import export_network, init_network, load_chn, load_cpn, load_dfpn, make_network
from master_thesis.checkpoints.vgg import load_vgg_weights
from master_thesis.cli.main import main
from master_thesis.configs.data import DataConfig
from master_thesis.data.builtin.sample import write_sample_data
from master_thesis.data.index import load_index
from master_thesis.images.codec import read_frame, read_mask, write_png
from master_thesis.images.header import frame_size
from master_thesis.training.checkpointing import resumable
from master_thesis.video.io.decoding import open_source
from master_thesis.video.io.masks import open_masks
from master_thesis.video.patch_store import Patch, PatchFolder
from stress.fuzz_cases import CHN, SMALL
from stress.mutations import SIZE, write_images
from stress.videos import CONTAINERS, box_mask, moving_frames

Reader = Callable[[Path, Path], object]
NUM_PATCHES = 3


def write_good_files(folder: Path) -> None:
    """Data, images, videos, masks, checkpoints and caches."""
    write_sample_data(folder / "data", height=80, num_frames=8)
    write_images(folder)
    for clip in CONTAINERS:
        clip.write(folder)
    for name in ("frames", "masks"):
        (folder / name).mkdir()
    for i, frame in enumerate(moving_frames(4)):
        write_png(folder / "frames" / f"{i}.png", frame)
        write_png(folder / "masks" / f"{i}.png", box_mask())
    _train(folder, f"--data_path {folder}/data {SMALL}", "dfpn.ckpt")
    aligner = f"--chn --chn_aligner dfpn --chn_aligner_checkpoint {folder}/dfpn.ckpt"
    _train(folder, f"--data_path {folder}/data {SMALL} {aligner} {CHN}", "chn.ckpt")
    for kind in ("dfpn", "chn"):
        export_network(folder / f"{kind}.ckpt", folder / f"{kind}.safetensors")
    old = {"state_dict": {"nn.conv_last.bias": torch.ones(3), "model_vgg.features.0.bias": torch.ones(64)}}
    torch.save(old, folder / "old.ckpt", _use_new_zipfile_serialization=False)
    load_index(cached(folder / "cache.json", folder))
    parts = PatchFolder(folder / "parts", {"a": [1, {"b": "c"}]})
    parts.save(0, {n: _patch(n) for n in range(NUM_PATCHES)})


def _train(folder: Path, arguments: str, name: str) -> None:
    """Trains for a step and keeps the checkpoint."""
    runs = folder / "runs"
    words = f"{arguments} --max_epochs 1 --default_root_dir {runs} --data_ckpt_path {folder}/cache.json"
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
        assert main(words.split()) == 0, said.getvalue()
    shutil.copy(runs / "lightning_logs/version_0/checkpoints/last.ckpt", folder / name)
    shutil.rmtree(runs)


def _patch(seed: int) -> Patch:
    hole = box_mask()
    count = int(hole.sum())
    rng = np.random.default_rng(seed)
    return Patch(hole, rng.integers(0, 256, (count, 3), dtype=np.uint8), np.full(count, seed, np.int32))


def good_files(folder: Path, kind: str) -> list[Path]:
    """What is spoiled."""
    if kind == "cache":
        return [folder / "cache.json", folder / "parts" / "window_00000.npz", folder / "parts" / "made_from.json"]
    suffixes = {
        "image": {".jpg", ".png", ".webp", ".bmp", ".tiff", ".gif"},
        "video": {".mp4", ".mov", ".mkv", ".webm", ".avi", ".gif"},
        "checkpoint": {".ckpt", ".safetensors"},
    }[kind]
    return sorted(path for path in folder.iterdir() if path.suffix in suffixes)


def cached(path: Path, good: Path) -> DataConfig:
    """Options whose cache is a file."""
    return DataConfig(data_path=str(good / "data"), data_ckpt_path=str(path))


def play(path: Path, good: Path) -> None:
    """Decodes a video to its end, and as masks of itself."""
    source = open_source(path)
    for _ in source.frames():
        pass
    for _ in open_masks(str(path), source, None, False, 1).pairs():
        pass


def read_cache(path: Path, good: Path) -> None:
    """Reads whichever cache it is, as its owner does."""
    if path.suffix == ".json" and "made_from" not in path.name:
        index = load_index(cached(path, good))
        assert index == load_index(cached(good / "cache.json", good)), "a cache changes nothing"
        return
    parts = path.parent / "parts"
    shutil.rmtree(parts, ignore_errors=True)
    shutil.copytree(good / "parts", parts)
    shutil.move(path, parts / path.name)
    folder = PatchFolder(parts, {"a": [1, {"b": "c"}]})
    folder.drop_damaged([(range(NUM_PATCHES), SIZE)])
    if folder.has(0):
        assert len(folder.load(0)) == NUM_PATCHES


def _fresh(path: Path, good: Path) -> None:
    init_network(make_network("chn", {"width": 4, "growth": 2, "num_blocks": 1}), path)


READERS: dict[str, tuple[Reader, ...]] = {
    "image": (
        lambda path, good: (read_frame(path), read_frame(path, (16, 16))),
        lambda path, good: (read_mask(path), frame_size(path)),
        lambda path, good: read_mask(path, [1]),
        lambda path, good: list(open_masks(str(path), open_source(good / "frames"), None, False, 1).pairs()),
    ),
    "video": (play,),
    "checkpoint": (
        lambda path, good: load_dfpn(path),
        lambda path, good: load_chn(path),
        lambda path, good: load_cpn(path),
        lambda path, good: load_vgg_weights(str(path)),
        lambda path, good: resumable(path, "dfpn"),
        lambda path, good: export_network(path, path.parent / "made.safetensors"),
        _fresh,
    ),
    "cache": (read_cache,),
}
