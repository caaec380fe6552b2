"""The folder that masks are written to: one PNG per frame, and ``masks.json`` with the confidence of each.

A folder that is written again keeps the masks that no changed mark affects.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool

from master_thesis.errors import require
from master_thesis.images.graded import read_graded, write_graded
from master_thesis.images.listing import IMAGE_SUFFIXES
from master_thesis.runtime.atomic import atomic_folder, existing_parent
from master_thesis.video.io.source import VIDEO_SUFFIXES, VideoInfo

RECORD = "masks.json"

FullMask = Bool[np.ndarray, "H W"]
GetAdded = Callable[[int], "Bool[np.ndarray, 'H W'] | None"]


@dataclass(frozen=True)
class SpanRecord:
    """Frames that were carried together.

    Attributes:
        start: the first one.
        stop: the one after the last one.
        digest: of everything that their masks depend on.
    """

    start: int
    stop: int
    digest: str


@dataclass
class MaskRecord:
    """The content of ``masks.json``.

    Attributes:
        video: the video.
        size: height and width of the masks.
        options: marks and options.
        key_frames: frames that are marked.
        confidence: of every frame, in [0, 1]; on key frames 1, or less where a box alone says what the object is.
        doubtful: frames of low confidence.
        spans: what was carried together.
        text: lines of text, with their boxes and frames.
        shadow_pixels: of every frame, how many pixels were added as a shadow; empty if none was looked for.
        reflection_pixels: the same for reflections.
    """

    video: str
    size: tuple[int, int]
    options: Mapping[str, Any]
    key_frames: Sequence[int] = ()
    confidence: list[float] = field(default_factory=list)
    doubtful: list[int] = field(default_factory=list)
    spans: list[SpanRecord] = field(default_factory=list)
    text: list[dict[str, Any]] = field(default_factory=list)
    shadow_pixels: list[int] = field(default_factory=list)
    reflection_pixels: list[int] = field(default_factory=list)

    @property
    def grown_pixels(self) -> dict[str, list[int]]:
        """By kind, the pixels added to every mask; only of the kinds that were looked for."""
        kinds = {"shadow": self.shadow_pixels, "reflection": self.reflection_pixels}
        return {kind: pixels for kind, pixels in kinds.items() if pixels}

    def note_grown(self, added: Mapping[str, list[int]]) -> None:
        """Notes the pixels added to every mask, by kind."""
        self.shadow_pixels, self.reflection_pixels = (added.get(kind, []) for kind in ("shadow", "reflection"))

    def write(self, path: Path) -> None:
        """Writes the record as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> MaskRecord | None:
        """The record in a folder; None if it is missing or cannot be read."""
        try:
            content = json.loads((folder / RECORD).read_text(encoding="utf-8"))
            content["spans"] = [SpanRecord(**span) for span in content["spans"]]
            content["size"] = tuple(content["size"])
            return cls(**content)
        except (OSError, ValueError, KeyError, TypeError):
            return None


def check_mask_folder(path: Path, overwrite: bool) -> None:
    """Checks that a folder of masks can be written, and that nothing but masks is replaced.

    Raises:
        UserError: something is in the way.
    """
    require(not path.is_file(), f"--output should be a folder of masks, got the file {path}")
    is_folder = path.is_dir() or path.suffix.lower() not in (*IMAGE_SUFFIXES, *VIDEO_SUFFIXES)
    require(is_folder, f"--output should be a folder of masks, got the name of a file, {path.name}")
    names = sorted(entry.name for entry in path.iterdir()) if path.is_dir() else []
    strange = [name for name in names if name != RECORD and not name.endswith(".png")]
    is_ours = not strange and (RECORD in names or not names)
    require(is_ours, f"--output {path} holds files other than masks made here: choose another folder")
    require(overwrite or not names, f"--output {path} exists already: --overwrite replaces it")
    place = existing_parent(path)
    require(place.is_dir() and os.access(place, os.W_OK), f"--output {path}: {place} cannot be written to")


def mask_name(info: VideoInfo, frame: int) -> str:
    """The name of the mask of a frame: that of the frame in a folder, or else its number."""
    return f"{Path(info.names[frame]).stem if info.names else f'{frame:05d}'}.png"


class MaskFolder:
    """Writes masks next to their final place.

    Args:
        part: the folder being written.
        old: the folder that it will replace.
        info: the video.
        added: what the mask of a frame covers in addition to the object; None: nothing.
    """

    def __init__(self, part: Path, old: Path, info: VideoInfo, added: GetAdded) -> None:
        self.part, self.old, self.info, self.added = part, old, info, added
        self.before = MaskRecord.read(old)

    def write(self, frame: int, mask: FullMask, unsure: FullMask | None = None) -> None:
        """Writes the mask of a frame, and what may belong to it."""
        added = self.added(frame)
        mask = mask if added is None else mask | added
        write_graded(self.part / mask_name(self.info, frame), mask, np.zeros_like(mask) if unsure is None else unsure)

    def read(self, frame: int) -> FullMask:
        """Reads a mask that was written, without what is unsure."""
        return read_graded(self.part / mask_name(self.info, frame))[0]

    def grow(self, frame: int, more: FullMask) -> None:
        """Adds pixels to a mask that was written."""
        mask, unsure = read_graded(self.part / mask_name(self.info, frame))
        self.write(frame, mask | more, unsure)

    def keep(self, span: SpanRecord) -> list[float] | None:
        """Keeps the masks of frames if nothing they depend on has changed; returns their confidence, or None."""
        if self.before is None or span not in self.before.spans:
            return None
        names = [mask_name(self.info, frame) for frame in range(span.start, span.stop)]
        confidence = self.before.confidence[span.start : span.stop]
        if len(confidence) < len(names) or not all((self.old / name).is_file() for name in names):
            return None
        for name in names:
            shutil.copyfile(self.old / name, self.part / name)
        return confidence


@contextmanager
def writing_masks(path: Path, info: VideoInfo, added: GetAdded = lambda frame: None) -> Iterator[MaskFolder]:
    """Yields a folder that takes its final place when the block ends; until then the old one stays.

    Raises:
        UserError: it cannot be written.
    """
    with atomic_folder(path, None) as part:
        yield MaskFolder(part, path, info, added)
