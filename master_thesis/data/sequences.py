"""The three trees on disk: which sequences exist, and which files they hold.

Nothing outside a set's own folder is ever opened: list entries and links that lead outside are skipped and counted.
"""

from __future__ import annotations

import functools
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from master_thesis.errors import UserError, require

FRAME_SUFFIXES = (".jpg", ".jpeg", ".png")
_SPLIT_SEED = 20200914
_VALIDATION_SHARE = 0.1


@dataclass(frozen=True)
class SequenceSet:
    """Sequences of one folder: every name is a folder of images inside ``root``.

    Attributes:
        root: the folder.
        names: the sequences that exist.
        num_missing: how many were listed but hold no image.
        num_outside: how many led outside the folder.
    """

    root: Path
    names: tuple[str, ...]
    num_missing: int = 0
    num_outside: int = 0

    def files(self, name: str) -> tuple[str, ...]:
        """Paths of the images of a sequence, in natural order."""
        return image_files(str(self.root / name))

    def __str__(self) -> str:
        skipped = [f"{n} {why}" for n, why in ((self.num_missing, "not on disk"), (self.num_outside, "outside")) if n]
        return f"{self.root}: {len(self.names)} sequences" + (f" (skipped: {', '.join(skipped)})" if skipped else "")


@dataclass(frozen=True)
class DavisSequence:
    """A test sequence: its frames and, by the same file name, their masks (``None`` where a frame has none)."""

    name: str
    frames: tuple[str, ...]
    masks: tuple[str | None, ...] = field(repr=False)


@functools.lru_cache(maxsize=4096)
def image_files(folder: str) -> tuple[str, ...]:
    """Paths of the images in a folder, in natural order (2 before 10); empty if there is no such folder."""
    home = os.path.realpath(folder) + os.sep
    names = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                is_image = entry.name.lower().endswith(FRAME_SUFFIXES) and not entry.name.startswith(".")
                if is_image and (not entry.is_symlink() or os.path.realpath(entry.path).startswith(home)):
                    names.append(entry.name)
    except OSError:
        return ()
    return tuple(os.path.join(folder, name) for name in sorted(names, key=_natural))


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]


def set_root(data_path: str, name: str) -> Path:
    """The folder of a set; it may be a link, from where on nothing leads outside.

    Raises:
        UserError: the data folder or the set is missing.
    """
    require(os.path.isdir(data_path), f"--data_path should be a folder with the data sets, but {data_path} is none")
    root = Path(os.path.realpath(os.path.join(data_path, name)))
    require(root.is_dir(), f"--data_path {data_path} should hold a folder {name}, but has none (see docs/data.md)")
    return root


def read_list(path: Path) -> tuple[str, ...]:
    """The names in a list file, one a line, each once.

    Raises:
        UserError: the file is missing or names nothing.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig", errors="surrogateescape").splitlines()
    except OSError as error:
        raise UserError(
            f"{path} should list the sequences, one a line, but cannot be read ({error.strerror})"
        ) from error
    names = tuple(dict.fromkeys(line.strip() for line in lines if line.strip()))
    require(len(names) > 0, f"{path} should list the sequences, one a line, but is empty")
    return names


def existing(root: Path, names: tuple[str, ...]) -> SequenceSet:
    """Those of ``names`` that are folders of images inside ``root``.

    Raises:
        UserError: none is.
    """
    is_inside = [_is_inside(root, name) for name in names]
    inside = [name for name, ok in zip(names, is_inside, strict=True) if ok]
    found = tuple(name for name in inside if _has_image(root / name))
    message = f"{root} should hold a folder of images for each sequence, but none of the {len(names)} named has one"
    require(len(found) > 0, message)
    return SequenceSet(root, found, num_missing=len(inside) - len(found), num_outside=len(names) - len(inside))


def _is_inside(root: Path, name: str) -> bool:
    if "\0" in name:
        return False
    home, place = os.path.realpath(root) + os.sep, os.path.realpath(root / name)
    return place.startswith(home)


def _has_image(folder: Path) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(entry.name.lower().endswith(FRAME_SUFFIXES) for entry in entries)
    except OSError:
        return False


def find_backgrounds(data_path: str, part: str) -> SequenceSet:
    """GOT-10k's ``train`` or ``val``: the sequences of its ``list.txt`` that are on disk."""
    root = set_root(data_path, "GOT10k") / part
    return existing(root, read_list(root / "list.txt"))


def find_masks(data_path: str) -> SequenceSet:
    """YouTube-VOS: every annotated training sequence, by name."""
    root = set_root(data_path, "YouTubeVOS") / "train" / "Annotations"
    try:
        names = tuple(sorted(entry.name for entry in os.scandir(root) if entry.is_dir()))
    except OSError as error:
        raise UserError(f"{root} should hold the mask sequences, but cannot be read ({error.strerror})") from error
    return existing(root, names)


def split_masks(names: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Sorted names, shuffled with a fixed seed: nine tenths to train with, one tenth (at least one) to validate."""
    shuffled = [names[i] for i in np.random.default_rng(_SPLIT_SEED).permutation(len(names))]
    num_train = len(names) - max(1, round(len(names) * _VALIDATION_SHARE))
    return tuple(sorted(shuffled[:num_train])), tuple(sorted(shuffled[num_train:]))


def find_test_sequences(data_path: str) -> tuple[list[DavisSequence], SequenceSet]:
    """DAVIS 2017, laid out as in the thesis or as downloaded: its sequences, and what was found of the list."""
    root = set_root(data_path, "DAVIS-2017")
    lists = [root / "ImageSets" / "custom.txt", root / "ImageSets" / "2017" / "val.txt"]
    listed = next((path for path in lists if path.exists()), None)
    if listed is None:
        raise UserError(f"{root} should hold ImageSets/custom.txt or ImageSets/2017/val.txt, but has neither")
    found = existing(root / "JPEGImages" / "480p", read_list(listed))
    folders = [root / kind / "480p" for kind in ("Annotations_Dense", "Annotations")]
    annotations = next((folder for folder in folders if folder.is_dir()), None)
    if annotations is None:
        raise UserError(f"{root} should hold Annotations_Dense/480p or Annotations/480p, but has neither")
    return [_test_sequence(found, annotations, name) for name in found.names], found


def _test_sequence(found: SequenceSet, annotations: Path, name: str) -> DavisSequence:
    frames = found.files(name)
    inside = image_files(str(annotations / name)) if _is_inside(annotations, name) else ()
    masks = {Path(path).stem: path for path in inside}
    return DavisSequence(name, frames, tuple(masks.get(Path(path).stem) for path in frames))
