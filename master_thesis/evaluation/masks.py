"""Makes the masks of an evaluation from their source: ``own``, ``swapped``, ``still`` or a path."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from jaxtyping import Bool

from master_thesis.data.sequences import DavisSequence, image_files
from master_thesis.errors import require
from master_thesis.evaluation.protocols import Protocol
from master_thesis.evaluation.stills import blob
from master_thesis.images.archive import extract_images
from master_thesis.images.codec import read_mask
from master_thesis.images.header import frame_size

MADE = ("swapped", "still", "own")
"""Sources that are no paths."""


def make_masks(
    source: str, sequence: DavisSequence, sequences: Sequence[DavisSequence], protocol: Protocol, seed: int
) -> Bool[np.ndarray, "F H W"]:
    """Makes the masks of one sequence under a protocol.

    Args:
        source: ``own``, ``swapped``, ``still``, or the path of an image or of a folder with one folder, or zip, per
            sequence.
        sequence: the sequence to be masked.
        sequences: all sequences of the data set, among which ``swapped`` chooses.
        protocol: the protocol, for size and dilation.
        seed: seed of the swap and of the still blobs.

    Raises:
        UserError: the source has no masks for the sequence.
    """
    length = len(sequence.frames)
    if source == "still":
        height, width = frame_size(sequence.frames[0])
        return _repeat([protocol.prepare_mask(blob(height, width, seed, sequence.name))], length)
    if source == "own":
        return _read(sequence.masks, protocol)
    if source == "swapped":
        donor_name = derangement([s.name for s in sequences], seed)[sequence.name]
        donor = next(s for s in sequences if s.name == donor_name)
        return _repeat(list(_read(donor.masks[:length], protocol)), length)
    with _find_files(source, sequence.name) as files:
        return _repeat(list(_read(files[:length], protocol)), length)


def derangement(names: Sequence[str], seed: int) -> dict[str, str]:
    """Assigns each name another one at random, never itself; every name is assigned once.

    >>> sorted(derangement(["a", "b", "c"], seed=0).values())
    ['a', 'b', 'c']
    """
    require(len(names) >= 2, f"--masks swapped needs at least two sequences, got {len(names)}: use --masks still")
    circle = sorted(names)
    random.Random(seed).shuffle(circle)
    return {name: circle[i - 1] for i, name in enumerate(circle)}


def ping_pong(count: int, length: int) -> list[int]:
    """Indices that traverse ``count`` items forwards and backwards in turn, ``length`` of them, without a jump.

    >>> ping_pong(3, 7)
    [0, 1, 2, 1, 0, 1, 2]
    """
    period = max(2 * count - 2, 1)
    return [min(i % period, period - i % period) for i in range(length)]


def _repeat(masks: list[np.ndarray], length: int) -> Bool[np.ndarray, "F H W"]:
    return np.stack([masks[i] for i in ping_pong(len(masks), length)])


def _read(files: Sequence[str | None], protocol: Protocol) -> Bool[np.ndarray, "F H W"]:
    """Reads masks; a frame without a file has no hole."""
    empty = np.zeros((protocol.height, protocol.width), bool)
    return np.stack([empty if file is None else protocol.prepare_mask(read_mask(file)) for file in files])


def require_masks(source: str, sequence: str) -> None:
    """Raises :class:`UserError` if a source has no masks for a sequence; they are not read."""
    path = Path(source)
    archive = path / f"{sequence}.zip"
    if source in MADE or path.is_file():
        return
    require(path.is_dir(), f"--masks should be swapped, still, own or an existing path, got {source}")
    has_masks = archive.is_file() or bool(image_files(str(path / sequence), follow_links=True))
    needed = f"a folder of masks named {sequence}, or {archive.name}"
    require(has_masks, f"--masks {source} should hold {needed}, but has neither")


@contextmanager
def _find_files(source: str, sequence: str) -> Iterator[tuple[str, ...]]:
    """The mask files of a sequence; those of a zip exist only inside the context."""
    path = Path(source)
    archive = path / f"{sequence}.zip"
    require_masks(source, sequence)
    if path.is_file():
        yield (source,)
    elif archive.is_file():
        with tempfile.TemporaryDirectory() as folder:
            yield extract_images(archive, Path(folder))
    else:
        yield image_files(str(path / sequence), follow_links=True)
