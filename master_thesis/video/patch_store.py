"""Filled pixels, frame by frame, and how they are kept on disk until the video is complete."""

from __future__ import annotations

import json
import logging
import re
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Bool, Int32, UInt8, UInt16

from master_thesis.errors import require
from master_thesis.ops.mask import PackedMask
from master_thesis.runtime.atomic import atomic_path

log = logging.getLogger(__name__)

T = TypeVar("T")
FRAME, MOTION = "frame", "motion"
"""What is kept of a window that is not complete: filled frames, and the motion from a frame to the next one."""


@dataclass(frozen=True)
class Patch:
    """The filled hole of one frame, at working size.

    Attributes:
        packed: mask of the hole.
        colours: RGB of its pixels, row by row.
        source: number of the frame that each of them shows; -1: hallucinated.
        fine: the colours in 16 bits, if the frames were read so.
    """

    packed: PackedMask
    colours: UInt8[np.ndarray, "N 3"]
    source: Int32[np.ndarray, " N"]
    fine: UInt16[np.ndarray, "N 3"] | None = None

    @staticmethod
    def of(
        hole: Bool[np.ndarray, "h w"],
        colours: UInt8[np.ndarray, "N 3"],
        source: Int32[np.ndarray, " N"],
        fine: UInt16[np.ndarray, "N 3"] | None = None,
    ) -> Patch:
        """Packs the mask of the hole."""
        return Patch(PackedMask.of(hole), colours, source, fine)

    @property
    def hole(self) -> Bool[np.ndarray, "h w"]:
        """Mask of the hole."""
        return self.packed.mask


class PatchFolder:
    """A folder with the patches of an incomplete video; every file in it appears complete or not at all.

    There is one file per window, and while a window is filled, one for each of its frames that is filled and, with pm,
    for each motion that is measured.

    Args:
        path: a folder beside the output.
        fingerprint: everything the patches depend on. Patches made from anything else are deleted.

    Raises:
        UserError: the folder contains files that are not patches.
    """

    FINGERPRINT = "made_from.json"
    _OURS = re.compile(rf"({re.escape(FINGERPRINT)}|window_\d+(_({FRAME}|{MOTION})_\d+)?\.npz)(\.\d+\.part)?")

    def __init__(self, path: Path, fingerprint: Mapping[str, Any]) -> None:
        self.path = path
        wanted = json.dumps(fingerprint, indent=1, sort_keys=True)
        note = path / self.FINGERPRINT
        names = [entry.name for entry in path.iterdir()] if path.is_dir() else []
        is_ours = not path.is_file() and all(self._OURS.fullmatch(name) for name in names)
        require(is_ours, f"{path}: contains other files, but is needed for unfinished work: rename it")
        # A run that was killed while it deleted patches leaves windows without a fingerprint.
        if not note.is_file() or note.read_text(errors="replace") != wanted:
            self.remove()
            path.mkdir(parents=True)
            with atomic_path(note) as part:
                part.write_text(wanted)

    def has(self, window: int) -> bool:
        """Whether the patches of a window are stored."""
        return self._file(window).is_file()

    def save(self, window: int, patches: Mapping[int, Patch]) -> None:
        """Stores the patches of a window, by frame number.

        Raises:
            UserError: the file cannot be written.
        """
        numbers = sorted(patches)
        arrays: dict[str, Any] = {
            "numbers": np.array(numbers, np.int64),
            "sizes": np.array([len(patches[n].source) for n in numbers], np.int64),
            "holes": np.stack([patches[n].packed.bits for n in numbers]),
            "width": np.int64(patches[numbers[0]].packed.width),
            "colours": np.concatenate([patches[n].colours for n in numbers]),
            "source": np.concatenate([patches[n].source for n in numbers]),
        }
        fine = [colours for n in numbers if (colours := patches[n].fine) is not None]
        if len(fine) == len(numbers):
            arrays["fine"] = np.concatenate(fine)
        # An open file, because numpy adds a suffix of its own to names.
        with atomic_path(self._file(window)) as part, part.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)

    def load(self, window: int) -> dict[int, Patch]:
        """The stored patches of a window, by frame number."""
        with self._file(window).open("rb") as file, np.load(file, allow_pickle=False) as stored:
            ends = np.cumsum(stored["sizes"])[:-1]
            colours, source = np.split(stored["colours"], ends), np.split(stored["source"], ends)
            fine = np.split(stored["fine"], ends) if "fine" in stored else [None] * len(colours)
            holes = [PackedMask(bits, int(stored["width"])) for bits in stored["holes"]]
            parts = zip(holes, colours, source, fine, strict=True)
            return {int(n): Patch(*part) for n, part in zip(stored["numbers"], parts, strict=True)}

    def keep(self, window: int, kind: str, number: int, arrays: Mapping[str, np.ndarray]) -> None:
        """Stores a part of a window that is not complete, exactly as the work continues with it.

        Args:
            window: its index.
            kind: ``FRAME`` or ``MOTION``.
            number: of the frame.
            arrays: the part.

        Raises:
            UserError: the file cannot be written.
        """
        named: dict[str, Any] = dict(arrays)
        with atomic_path(self._part_file(window, kind, number)) as part, part.open("wb") as file:
            np.savez(file, allow_pickle=False, **named)

    def kept(
        self, window: int, kind: str, numbers: Iterable[int], read: Callable[[int, dict[str, np.ndarray]], T]
    ) -> dict[int, T]:
        """The stored parts of a window that is not complete, by number; those that cannot be used are deleted.

        Args:
            window: its index.
            kind: ``FRAME`` or ``MOTION``.
            numbers: of its frames.
            read: makes a part of its number and arrays; raises anything if they do not fit.
        """
        found = {}
        for number in numbers:
            file = self._part_file(window, kind, number)
            if not file.is_file():
                continue
            try:
                with file.open("rb") as opened, np.load(opened, allow_pickle=False) as stored:
                    found[number] = read(number, dict(stored))
            except Exception:  # the readers of numpy and zipfile raise anything on damaged bytes
                log.warning("%s is damaged: its frame is filled again", file)
                file.unlink()
        return found

    def drop_kept(self, window: int) -> None:
        """Deletes the parts of a window that is complete."""
        for file in self.path.glob(f"{self._file(window).stem}_*_*.npz"):
            file.unlink()

    def num_kept(self, kind: str = FRAME) -> int:
        """Number of parts that are stored of windows that are not complete."""
        files = [p for p in self.path.glob(f"window_*_{kind}_*.npz") if p.suffix == ".npz"]
        return sum(not self._file(int(p.name.split("_")[1])).is_file() for p in files)

    def drop_damaged(self, expected: Sequence[tuple[Sequence[int], tuple[int, int]]]) -> None:
        """Deletes windows that cannot be used, so that they are filled again.

        Args:
            expected: for every window, the numbers of its frames with a hole, and their working size.
        """
        for window, (numbers, size) in enumerate(expected):
            if not self.has(window):
                continue
            try:
                patches = self.load(window)
                is_complete = sorted(patches) == list(numbers) and all(_fits(p, size) for p in patches.values())
            except Exception:  # the readers of numpy and zipfile raise anything on damaged bytes
                is_complete = False
            if not is_complete:
                log.warning("%s is damaged: its window is filled again", self._file(window))
                self._file(window).unlink()

    def remove(self) -> None:
        """Deletes the folder."""
        if self.path.exists():
            shutil.rmtree(self.path)

    def _file(self, window: int) -> Path:
        return self.path / f"window_{window:05d}.npz"

    def _part_file(self, window: int, kind: str, number: int) -> Path:
        return self.path / f"window_{window:05d}_{kind}_{number:07d}.npz"


def _fits(patch: Patch, size: tuple[int, int]) -> bool:
    count = int(patch.hole.sum())
    shapes = (patch.hole.shape, patch.colours.shape, patch.source.shape)
    dtypes = (patch.colours.dtype, patch.source.dtype)
    return shapes == (size, (count, 3), (count,)) and dtypes == (np.uint8, np.int32)
