"""Every reader of a kind of file, as a function of the file and the folder of good files."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from master_thesis.checkpoints.loading import export_network, init_network, make_network
from master_thesis.checkpoints.typed import load_chn, load_cpn, load_dfpn
from master_thesis.checkpoints.vgg import load_vgg_weights
from master_thesis.data.index import load_index
from master_thesis.images.codec import read_frame, read_mask
from master_thesis.images.header import frame_size
from master_thesis.training.resume_point import resumable
from master_thesis.video.io.decoding import open_source
from master_thesis.video.io.masks import open_masks
from master_thesis.video.patch_store import PatchFolder
from stress.images import SIZE
from stress.world import MADE_FROM, NUM_PATCHES, config_with_cache

Reader = Callable[[Path, Path], object]


def play(path: Path, good: Path) -> None:
    """Decodes a video to its end, and once more as the masks of itself."""
    source = open_source(path)
    for _ in source.frames():
        pass
    for _ in open_masks(str(path), source, None, False, 1).pairs():
        pass


def read_cache(path: Path, good: Path) -> None:
    """Reads a data index or a folder of patches; a spoiled one must not change any result."""
    if path.suffix == ".json" and "made_from" not in path.name:
        index = load_index(config_with_cache(path, good))
        assert index == load_index(config_with_cache(good / "cache.json", good)), "a cache changes no result"
        return
    parts = path.parent / "parts"
    shutil.rmtree(parts, ignore_errors=True)
    shutil.copytree(good / "parts", parts)
    shutil.move(path, parts / path.name)
    folder = PatchFolder(parts, MADE_FROM)
    folder.drop_damaged([(range(NUM_PATCHES), SIZE)])
    if folder.has(0):
        assert len(folder.load(0)) == NUM_PATCHES


def init_tiny_chn(path: Path, good: Path) -> None:
    """Starts a new CHN from the weights of a file."""
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
        init_tiny_chn,
    ),
    "cache": (read_cache,),
}
