"""What was filled, frame by frame, and how it is kept on disk until the video is whole."""

from __future__ import annotations

import json
import logging
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Int32, UInt8

from master_thesis.errors import require
from master_thesis.runtime.atomic import atomic_path

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Patch:
    """The filled hole of one frame, at working size.

    Attributes:
        hole: where it is.
        colours: RGB of its pixels, row by row.
        source: number of the frame each of them shows; -1: hallucinated.
    """

    hole: Bool[np.ndarray, "h w"]
    colours: UInt8[np.ndarray, "N 3"]
    source: Int32[np.ndarray, " N"]


class PatchFolder:
    """The patches of a video in the making: one file per window, written whole or not at all.

    Args:
        path: a folder beside the output.
        fingerprint: everything the result depends on. Patches made from anything else are thrown away.

    Raises:
        UserError: there is a folder of that name that holds something else.
    """

    FINGERPRINT = "made_from.json"
    _OURS = re.compile(rf"({re.escape(FINGERPRINT)}|window_\d+\.npz)(\.\d+\.part)?")

    def __init__(self, path: Path, fingerprint: Mapping[str, Any]) -> None:
        self.path = path
        wanted = json.dumps(fingerprint, indent=1, sort_keys=True)
        note = path / self.FINGERPRINT
        names = [entry.name for entry in path.iterdir()] if path.is_dir() else []
        is_ours = not path.is_file() and all(self._OURS.fullmatch(name) for name in names)
        require(is_ours, f"{path}: holds something else, but is needed for what is not finished yet")
        # A killed run may have left windows without the note: it died while it threw them away.
        if not note.is_file() or note.read_text(errors="replace") != wanted:
            self.remove()
            path.mkdir(parents=True)
            with atomic_path(note) as part:
                part.write_text(wanted)

    def has(self, window: int) -> bool:
        """Whether a window is done."""
        return self._file(window).is_file()

    def save(self, window: int, patches: Mapping[int, Patch]) -> None:
        """Keeps the patches of a window, by the number of their frame.

        Raises:
            UserError: where they cannot be written.
        """
        numbers = sorted(patches)
        arrays: dict[str, Any] = {
            "numbers": np.array(numbers, np.int64),
            "sizes": np.array([len(patches[n].source) for n in numbers], np.int64),
            "holes": np.stack([np.packbits(patches[n].hole, axis=1) for n in numbers]),
            "width": np.int64(patches[numbers[0]].hole.shape[1]),
            "colours": np.concatenate([patches[n].colours for n in numbers]),
            "source": np.concatenate([patches[n].source for n in numbers]),
        }
        # An open file, as numpy would add a suffix of its own to a name.
        with atomic_path(self._file(window)) as part, part.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)

    def load(self, window: int) -> dict[int, Patch]:
        """The patches of a window that is done."""
        with self._file(window).open("rb") as file, np.load(file, allow_pickle=False) as kept:
            ends = np.cumsum(kept["sizes"])[:-1]
            colours, source = np.split(kept["colours"], ends), np.split(kept["source"], ends)
            holes = np.unpackbits(kept["holes"], axis=2, count=int(kept["width"])).astype(bool)
            return {int(n): Patch(*parts) for n, *parts in zip(kept["numbers"], holes, colours, source, strict=True)}

    def drop_damaged(self, wanted: Sequence[tuple[Sequence[int], tuple[int, int]]]) -> None:
        """Deletes windows that cannot be used, so that they are filled anew.

        Args:
            wanted: of every window, the numbers of its frames with a hole and the size they are worked on at.
        """
        for window, (numbers, size) in enumerate(wanted):
            if not self.has(window):
                continue
            try:
                patches = self.load(window)
                is_whole = sorted(patches) == list(numbers) and all(_fits(p, size) for p in patches.values())
            except Exception:  # numpy's and zipfile's readers raise whatever the bytes provoke
                is_whole = False
            if not is_whole:
                log.warning("%s is damaged and filled anew", self._file(window))
                self._file(window).unlink()

    def remove(self) -> None:
        """Deletes everything; called when the video is whole."""
        if self.path.exists():
            shutil.rmtree(self.path)

    def _file(self, window: int) -> Path:
        return self.path / f"window_{window:05d}.npz"


def _fits(patch: Patch, size: tuple[int, int]) -> bool:
    count = int(patch.hole.sum())
    shapes = (patch.hole.shape, patch.colours.shape, patch.source.shape)
    dtypes = (patch.colours.dtype, patch.source.dtype)
    return shapes == (size, (count, 3), (count,)) and dtypes == (np.uint8, np.int32)
