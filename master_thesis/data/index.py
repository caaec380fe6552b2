"""The index of the training data: the sequences found and the masks of a fitting size, cached between starts.

The cache is a JSON file. It is used only if options, folder and lists are those it was built from; otherwise, or if it
is damaged, it is rebuilt.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from master_thesis.configs.data import DataConfig, parse_weighted
from master_thesis.data.sequences import SequenceSet, find_backgrounds, find_masks, set_root, split_masks
from master_thesis.errors import UserError, require
from master_thesis.images.codec import read_mask
from master_thesis.images.header import UnreadableFrame
from master_thesis.runtime.atomic import atomic_path, existing_parent
from master_thesis.wording import counted

log = logging.getLogger(__name__)

_VERSION = 3
_START = b'{\n "key":'
"""First bytes of every cache. A file that begins otherwise belongs to the user and is never replaced."""
_FRAMES_MEASURED = 10
_WATCHED = (
    "GOT10k/train/list.txt",
    "GOT10k/val/list.txt",
    "GOT10k/train",
    "GOT10k/val",
    "YouTubeVOS/train/Annotations",
)


@dataclass(frozen=True)
class Index:
    """The sequences that training and validation draw from."""

    frames_train: SequenceSet
    frames_val: SequenceSet
    masks_train: SequenceSet
    masks_val: SequenceSet


def check_paths(config: DataConfig) -> None:
    """Checks the folders of the data and the file of the cache without reading them.

    Raises:
        UserError: a folder is missing, or the file is no cache.
    """
    for name in ("GOT10k", "YouTubeVOS"):
        set_root(config.data_path, name)
    for text in config.further_data:
        set_root(parse_weighted(text)[0], "GOT10k", "further_data")
    _refuse_foreign(Path(config.data_ckpt_path))


def load_index(config: DataConfig) -> Index:
    """Loads the index of ``config.data_path`` from its cache, or builds and caches it if the cache is out of date.

    Raises:
        UserError: a data set or its list is missing or empty, no mask sequence has a fitting size, or the cache cannot
            be written.
    """
    check_paths(config)
    path, key = Path(config.data_ckpt_path), _key(config)
    index = _read_cache(path, key)
    if index is None:
        _refuse_locked(path)  # before masks are measured
        index = _make_index(config)
        _write_cache(path, key, index)
    for found in (index.frames_train, index.frames_val):
        log.info("%s", found)
    for found, use in ((index.masks_train, "training"), (index.masks_val, "validation")):
        log.info("for %s, %s", use, found)  # of one folder
    return index


def mask_area(files: tuple[str, ...]) -> float:
    """Mean share of the hole over up to ten evenly spread masks, in [0, 1]; NaN if none can be read."""
    chosen = np.unique(np.linspace(0, len(files) - 1, min(len(files), _FRAMES_MEASURED)).round().astype(int))
    areas = []
    for i in chosen:
        try:
            areas.append(float(read_mask(files[i]).mean()))
        except UnreadableFrame as error:
            log.warning("%s", error)
    return float(np.mean(areas)) if areas else float("nan")


def _make_index(config: DataConfig) -> Index:
    frames_train, frames_val = (find_backgrounds(config.data_path, p, config.follow_links) for p in ("train", "val"))
    masks = find_masks(config.data_path, config.follow_links)
    areas = _measure(masks)
    smallest, largest = config.min_mask_size, config.max_mask_size
    train, val = (tuple(n for n in part if smallest < areas[n] < largest) for part in split_masks(masks.names))
    for part, names in (("training", train), ("validation", val)):
        message = (
            f"{masks.root} has no mask sequence for {part} with a mean area between --min_mask_size {smallest} "
            f"and --max_mask_size {largest}: widen the range or add sequences"
        )
        require(len(names) > 0, message)
    masks_train = replace(masks, names=train)
    return Index(frames_train, frames_val, masks_train, replace(masks, names=val, num_missing=0, num_outside=0))


def _measure(masks: SequenceSet) -> dict[str, float]:
    """Mean area of every mask sequence."""
    log.info("measuring the masks of %s, once", counted(len(masks.names), "sequence"))
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        areas = pool.map(lambda name: mask_area(masks.files(name)), masks.names)
        return dict(zip(masks.names, areas, strict=True))


def _key(config: DataConfig) -> dict[str, Any]:
    """Everything that must be unchanged for a cache to be valid."""
    root = os.path.realpath(config.data_path)
    state = {}
    for name in _WATCHED:
        try:
            status = os.stat(os.path.join(root, name))
            state[name] = [os.path.realpath(os.path.join(root, name)), status.st_size, status.st_mtime_ns]
        except OSError:
            state[name] = []
    masks = {"min_mask_size": config.min_mask_size, "max_mask_size": config.max_mask_size}
    links = {"follow_links": config.follow_links}
    return {"version": _VERSION, "data_path": root, "masks": masks, "state": state, **links}


def _read_cache(path: Path, key: dict[str, Any]) -> Index | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["key"] != key:
            return None
        if content["digest"] != _digest(content["sets"]):
            raise ValueError("the digest does not match the content")
        links = key["follow_links"]
        sets = {name: _set_from_json(value, key["data_path"], links) for name, value in content["sets"].items()}
        return Index(**sets)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        log.warning("%s is damaged and will be rebuilt (%s)", path, type(error).__name__)
        return None


def _set_from_json(value: dict[str, Any], data_path: str, follow_links: bool) -> SequenceSet:
    """Reads a set from an untrusted file: its folder must be a watched one, and its names must stay inside."""
    resolve = os.path.abspath if follow_links else os.path.realpath
    roots = [os.path.realpath(os.path.join(data_path, name)) for name in _WATCHED]
    names = tuple(value["names"])
    is_safe = value["root"] in roots and all(
        isinstance(n, str) and resolve(os.path.join(value["root"], n)).startswith(value["root"] + os.sep) for n in names
    )
    if not (is_safe and names):
        raise ValueError("a sequence is outside the data folder")
    counts = int(value["num_missing"]), int(value["num_outside"])
    return SequenceSet(Path(value["root"]), names, *counts, follow_links)


def _digest(sets: Any) -> str:
    return hashlib.sha256(json.dumps(sets, sort_keys=True).encode()).hexdigest()


def _refuse_foreign(path: Path) -> None:
    """Raises :class:`UserError` if there is something else than a cache."""
    try:
        with path.open("rb") as file:
            is_ours = _START.startswith(file.read(len(_START)))
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise _not_writable(path, error) from error
    require(is_ours, f"--data_ckpt_path {path} is not a cache and is kept: remove it or choose another path")


def _refuse_locked(path: Path) -> None:
    """Raises :class:`UserError` if a cache cannot be written."""
    place = existing_parent(path)
    is_open = place.is_dir() and os.access(place, os.W_OK)
    require(is_open, f"--data_ckpt_path {path} should be a writable file, but {place} cannot be written to")


def _not_writable(path: Path, error: OSError) -> UserError:
    return UserError(f"--data_ckpt_path {path} should be a writable file ({error.strerror})")


def _write_cache(path: Path, key: dict[str, Any], index: Index) -> None:
    sets = {name: {**vars(found), "root": str(found.root)} for name, found in vars(index).items()}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_writable(path, error) from error
    text = json.dumps({"key": key, "digest": _digest(sets), "sets": sets}, indent=1)
    with atomic_path(path) as part:
        part.write_text(text, encoding="utf-8")
