"""A removal in a session: its options, its command, and the frames of its result."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from master_thesis.app.pictures import Pictures, Reading
from master_thesis.configs.inpainting import ALGORITHMS, MONTAGE
from master_thesis.configs.video import VideoConfig
from master_thesis.errors import UserError, require
from master_thesis.runtime.atomic import atomic_path
from master_thesis.video.io.source import VideoInfo
from master_thesis.video.outputs import FIGURES, OVERLAY, PAGE, beside, stem_of, video_suffix

MAX_WIDENING = 100
SIZES = {"auto": "auto", "native": "native", "480p": "480 854", "240p": "240 432"}
"""Values of ``--test_size`` by the names that the page shows."""
MADE = "made.json"
"""Names what a result was made from."""


@dataclass(frozen=True)
class RemovalChoice:
    """The choices on the page.

    Attributes:
        algorithm: of ``--algorithms``.
        size: a key of ``SIZES``.
        widening: ``--mask_dilation``, in pixels; None: its default.
    """

    algorithm: str = MONTAGE
    size: str = "auto"
    widening: int | None = None

    def __post_init__(self) -> None:
        known = ", ".join(ALGORITHMS)
        require(self.algorithm in ALGORITHMS, f"the algorithm should be one of {known}, got {self.algorithm}")
        require(self.size in SIZES, f"the size should be one of {', '.join(SIZES)}, got {self.size}")
        if self.widening is not None and not 0 <= self.widening <= MAX_WIDENING:
            self._refuse(self.widening)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> RemovalChoice:
        """The choice in a request; missing values take their defaults.

        Raises:
            UserError: something is unknown or out of range.
        """
        strange = [name for name in values if name not in cls.__dataclass_fields__]
        require(not strange, f"there is no option {', '.join(strange)}")
        default = cls()
        algorithm, size = (str(values.get(name, getattr(default, name))) for name in ("algorithm", "size"))
        widening = values.get("widening")
        is_known = widening is None or type(widening) is int
        return cls(algorithm, size, widening if is_known else cls._refuse(widening))

    @staticmethod
    def _refuse(widening: object) -> int:
        raise UserError(f"masks should be widened by 0 to {MAX_WIDENING} pixels, got {str(widening)[:20]}")


class Removal:
    """The result of a session.

    Args:
        folder: of the result.
        reading: the video.
        info: the same, opened.
    """

    def __init__(self, folder: Path, reading: Reading, info: VideoInfo) -> None:
        self.folder, self.reading = folder, reading
        suffix = video_suffix(VideoConfig(str(reading.video), "masks"), info)
        self.output = folder / f"{stem_of(reading.video)}_removed{suffix}"
        self.pictures: dict[str, Pictures] = {}
        if self.output.is_file():
            self._show()

    def words(self, masks: Path, choice: RemovalChoice) -> list[str]:
        """The command line."""
        words = ["remove", str(self.reading.video), "--mask", str(masks), "--output", str(self.output)]
        words += ["--algorithms", choice.algorithm]
        words += [] if choice.widening is None else ["--mask_dilation", str(choice.widening)]
        words += ["--test_size", *SIZES[choice.size].split(), "--overlay", "--report", "--overwrite"]
        return [*words, "--keep_going"] if self.reading.keep_going else words

    def note(self, keys: str, choice: RemovalChoice) -> None:
        """Records what the result was made from, and starts reading its frames."""
        self.close()
        self.pictures = {}
        for folder in self.folder.glob("frames_*"):
            shutil.rmtree(folder, ignore_errors=True)
        sentence = _read(beside(self.output, FIGURES)).get("sentence", "")
        made = {"keys": keys, "sentence": sentence, **asdict(choice)}
        with atomic_path(self.folder / MADE) as part:
            part.write_text(json.dumps(made), encoding="utf-8")
        self._show()

    def files(self) -> dict[str, Path]:
        """What can be downloaded, by name."""
        named = {"video": self.output, "page": beside(self.output, PAGE), "origin": beside(self.output, OVERLAY)}
        return {name: path for name, path in named.items() if path.is_file()}

    def state(self, keys: str) -> dict[str, Any] | None:
        """What the page shows; None: there is no result.

        Args:
            keys: digest of the key frames as they are now.
        """
        if not self.pictures:
            return None
        made = _read(self.folder / MADE)
        return {
            "version": self.output.stat().st_mtime_ns // 1_000_000 if self.output.is_file() else 0,
            "sentence": made.get("sentence", ""),
            "choice": {name: made.get(name) for name in RemovalChoice.__dataclass_fields__},
            "is_current": made.get("keys") == keys,
            "frames": {name: pictures.state for name, pictures in self.pictures.items()},
            "files": {name: path.name for name, path in self.files().items()},
        }

    def close(self) -> None:
        """Stops reading."""
        for pictures in self.pictures.values():
            pictures.close()

    def _show(self) -> None:
        for name, path in (("result", self.output), ("origin", beside(self.output, OVERLAY))):
            if path.is_file():
                self.pictures[name] = Pictures(Reading(path), self.folder / f"frames_{name}")
                self.pictures[name].start()


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return content if isinstance(content, dict) else {}
    except (OSError, ValueError):
        return {}
