"""Finds the sequences of the three data sets on disk, and their files.

Nothing outside a data set's folder is opened unless links may be followed: list entries and links that lead outside are
skipped and counted.
"""

from __future__ import annotations

import functools
import logging
import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from master_thesis.errors import UserError, require
from master_thesis.images.listing import is_image, scan
from master_thesis.wording import counted

log = logging.getLogger(__name__)

FRAME_SUFFIXES = (".jpg", ".jpeg", ".png")
_SPLIT_SEED = 20200914
_VALIDATION_SHARE = 0.1


@dataclass(frozen=True)
class SequenceSet:
    """Sequences of one data set: each is a folder of images inside ``root``.

    Attributes:
        root: the folder of the sequences.
        names: the sequences found.
        num_missing: number of listed sequences that hold no image.
        num_outside: number of listed sequences that lead outside ``root``.
        follow_links: whether links may lead outside ``root``.
    """

    root: Path
    names: tuple[str, ...]
    num_missing: int = 0
    num_outside: int = 0
    follow_links: bool = False

    def files(self, name: str) -> tuple[str, ...]:
        """Lists the paths of a sequence's images in natural order."""
        return image_files(str(self.root / name), self.follow_links)

    def __str__(self) -> str:
        lead = "leads outside" if self.num_outside == 1 else "lead outside"
        outside = lead if self.follow_links else f"{lead}, which --follow_links allows for links"
        skipped = [f"{n} {why}" for n, why in ((self.num_missing, "not on disk"), (self.num_outside, outside)) if n]
        found = f"{self.root}: {counted(len(self.names), 'sequence')}"
        return f"{found} (skipped: {', '.join(skipped)})" if skipped else found


@dataclass(frozen=True)
class DavisSequence:
    """A test sequence: its frames and, matched by file name, their masks (None where a frame has none)."""

    name: str
    frames: tuple[str, ...]
    masks: tuple[str | None, ...] = field(repr=False)


@functools.lru_cache(maxsize=4096)
def image_files(folder: str, follow_links: bool = False) -> tuple[str, ...]:
    """Lists the paths of the images in a folder in natural order; empty if the folder cannot be read.

    Args:
        folder: the folder.
        follow_links: whether images may be links that lead outside it; otherwise these are left out.
    """
    try:
        entries = [entry for entry in scan(folder) if is_image(entry.name, FRAME_SUFFIXES)]
    except OSError:
        return ()
    kept = [e for e in entries if follow_links or not e.is_symlink() or _is_inside(folder, e.name)]
    if len(kept) < len(entries):
        links = counted(len(entries) - len(kept), "link")
        log.warning("%s: left out %s to images outside, which --follow_links allows", folder, links)
    return tuple(entry.path for entry in kept)


def set_root(data_path: str, name: str, flag: str = "data_path") -> Path:
    """Finds the folder of a data set. It may itself be a link; nothing inside it may lead outside.

    Args:
        data_path: the data folder.
        name: of the data set.
        flag: the option that names the data folder.

    Raises:
        UserError: the data folder or the data set is missing.
    """
    is_folder = os.path.isdir(data_path)
    require(is_folder, f"--{flag} should be an existing folder with the data sets, got {data_path}")
    root = Path(os.path.realpath(os.path.join(data_path, name)))
    require(root.is_dir(), f"--{flag} {data_path} should hold a folder {name}, but has none (see docs/data.md)")
    return root


def read_list(path: Path) -> tuple[str, ...]:
    """Reads the names in a list file, one per line, without duplicates.

    A line may also name an image and its mask, as in DAVIS 2016: the sequence is then the folder of the image.

    Raises:
        UserError: the file cannot be read or names nothing.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig", errors="surrogateescape").splitlines()
    except OSError as error:
        raise UserError(
            f"{path} should list the sequences, one per line, but cannot be read ({error.strerror})"
        ) from error
    names = tuple(dict.fromkeys(_sequence_of(line.strip()) for line in lines if line.strip()))
    require(len(names) > 0, f"{path} should list the sequences, one per line, but is empty")
    return names


def _sequence_of(line: str) -> str:
    """The sequence that a line of a list names.

    >>> _sequence_of("bear"), _sequence_of("/JPEGImages/480p/bear/00000.jpg /Annotations/480p/bear/00000.png")
    ('bear', 'bear')
    """
    paths = line.split()
    is_pair = len(paths) == 2 and all(is_image(path, FRAME_SUFFIXES) and "/" in path for path in paths)
    return paths[0].split("/")[-2] if is_pair else line


def find_listed(root: Path, names: tuple[str, ...], follow_links: bool = False) -> SequenceSet:
    """Finds the ``names`` that are folders of images inside ``root``.

    Args:
        root: the folder of the sequences.
        names: of sequences.
        follow_links: whether sequences and images may be links that lead outside ``root``. Other names never may.

    Raises:
        UserError: there are none.
    """
    inside = [name for name in names if _is_inside(root, name, follow_links)]
    found = tuple(name for name in inside if _has_image(root / name, follow_links))
    linked = [name for name in set(inside) - set(found) if _has_image(root / name, follow_links=True)]
    num_outside = len(names) - len(inside) + len(linked)
    why = f" ({num_outside} lead outside: give --follow_links if these are links that you trust)" if num_outside else ""
    message = f"{root} should hold a folder of images per sequence, but has none for the {len(names)} sequences listed"
    message += f" (the first one: {names[0][:100]!r})"
    require(len(found) > 0, message + why)
    return SequenceSet(root, found, len(names) - len(found) - num_outside, num_outside, follow_links)


def _is_inside(root: str | Path, name: str, follow_links: bool = False) -> bool:
    if "\0" in name:
        return False
    resolve = os.path.abspath if follow_links else os.path.realpath
    return resolve(os.path.join(root, name)).startswith(resolve(root) + os.sep)


def _has_image(folder: Path, follow_links: bool) -> bool:
    """Whether a folder shows an image; links that lead outside it count only if they may be followed."""
    try:
        with os.scandir(folder) as entries:
            images = (entry for entry in entries if is_image(entry.name, FRAME_SUFFIXES))
            return any(follow_links or not e.is_symlink() or _is_inside(folder, e.name) for e in images)
    except OSError:
        return False


def find_backgrounds(data_path: str, part: str, follow_links: bool = False, flag: str = "data_path") -> SequenceSet:
    """Finds the sequences of GOT-10k's ``train`` or ``val`` part that its ``list.txt`` names."""
    root = set_root(data_path, "GOT10k", flag) / part
    return find_listed(root, read_list(root / "list.txt"), follow_links)


def find_masks(data_path: str, follow_links: bool = False) -> SequenceSet:
    """Finds the annotated training sequences of YouTube-VOS, sorted by name."""
    root = set_root(data_path, "YouTubeVOS") / "train" / "Annotations"
    try:
        names = tuple(sorted(entry.name for entry in os.scandir(root) if entry.is_dir()))
    except OSError as error:
        raise UserError(f"{root} should hold the mask sequences, but cannot be read ({error.strerror})") from error
    return find_listed(root, names, follow_links)


def split_masks(names: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Splits sorted names with a fixed seed: nine tenths for training, one tenth (at least one) for validation."""
    shuffled = [names[i] for i in np.random.default_rng(_SPLIT_SEED).permutation(len(names))]
    num_train = len(names) - max(1, round(len(names) * _VALIDATION_SHARE))
    return tuple(sorted(shuffled[:num_train])), tuple(sorted(shuffled[num_train:]))


def find_test_sequences(data_path: str, follow_links: bool = False) -> tuple[list[DavisSequence], SequenceSet]:
    """Finds the sequences of DAVIS 2017, laid out as in the thesis or as downloaded.

    Returns:
        The sequences, and their set with the counts of those skipped.

    Raises:
        UserError: the data set, its list or its annotations are missing.
    """
    root = set_root(data_path, "DAVIS-2017")
    list_file = _first_existing(root, "ImageSets/custom.txt", "ImageSets/2017/val.txt", "ImageSets/480p/val.txt")
    found = find_listed(root / "JPEGImages" / "480p", read_list(list_file), follow_links)
    annotations = _first_existing(root, "Annotations_Dense/480p", "Annotations/480p")
    return [_test_sequence(found, annotations, name) for name in found.names], found


def _first_existing(root: Path, *names: str) -> Path:
    path = next((root / name for name in names if (root / name).exists()), None)
    if path is None:
        raise UserError(f"{root} should hold {' or '.join(names)}, but has none of them")
    return path


def _test_sequence(found: SequenceSet, annotations: Path, name: str) -> DavisSequence:
    frames = found.files(name)
    is_inside = _is_inside(annotations, name, found.follow_links)
    files = image_files(str(annotations / name), found.follow_links) if is_inside else ()
    masks = {Path(path).stem: path for path in files}
    return DavisSequence(name, frames, tuple(masks.get(Path(path).stem) for path in frames))
