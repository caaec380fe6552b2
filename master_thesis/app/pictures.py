"""Frames of a video as JPEG files on disk, so that a page can ask for any of them."""

from __future__ import annotations

import json
import logging
import os
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from master_thesis.errors import UserError
from master_thesis.images.codec import write_jpeg
from master_thesis.images.reducing import reduce_image, size_within
from master_thesis.runtime.atomic import atomic_path
from master_thesis.video.io.decoding import open_source
from master_thesis.video.io.orientation import to_displayed
from master_thesis.video.io.source import VideoSource

log = logging.getLogger(__name__)

LONGER_SIDE_PX = 1600
"""Longer frames are reduced to this; masks are still drawn at the size of the video."""
QUALITY = 88
COMPLETE = "complete.json"
"""Holds the number of frames once all of them are written."""


@dataclass(frozen=True)
class Reading:
    """How a video is opened.

    Attributes:
        video: a file or a folder of frames.
        keep_going: make damaged frames from their neighbours.
    """

    video: Path
    keep_going: bool = False

    def open(self) -> VideoSource:
        """Opens it.

        Raises:
            UserError: it cannot be read.
        """
        return open_source(self.video, keep_going=self.keep_going)


class Pictures:
    """The frames of a video as players show them, written in the background from the first to the last.

    Args:
        reading: the video.
        folder: of the files; existing ones are kept.
        total: number of frames that the container claims; 0: unknown.
    """

    def __init__(self, reading: Reading, folder: Path, total: int = 0) -> None:
        self.reading, self.folder, self.total = reading, folder, total
        self.count, self.is_complete, self.error = 0, False, ""
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._read_note()

    def start(self) -> None:
        """Starts writing the missing files."""
        if not self.is_complete and self._thread is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._thread = threading.Thread(target=self._write_all, daemon=True)
            self._thread.start()

    def wait(self, seconds: float | None = None) -> None:
        """Waits until all frames are written or the time is up."""
        if self._thread is not None:
            self._thread.join(seconds)

    def close(self, is_removed: bool = False) -> None:
        """Stops writing, and deletes the files if they are no longer needed."""
        self._stop.set()
        self.wait()
        if is_removed:
            shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, number: int) -> Path | None:
        """The file of a frame; None until it is written."""
        path = self._file(number)
        return path if 0 <= number < self.count and path.is_file() else None

    @property
    def state(self) -> dict[str, Any]:
        """The progress of writing."""
        return {"count": self.count, "total": self.total, "is_complete": self.is_complete, "error": self.error}

    def _file(self, number: int) -> Path:
        return self.folder / f"{number:06d}.jpg"

    def _read_note(self) -> None:
        try:
            self.count = self.total = int(json.loads((self.folder / COMPLETE).read_text())["count"])
            self.is_complete = True
        except (OSError, ValueError, KeyError, TypeError):
            return

    def _write_all(self) -> None:
        try:
            source = self.reading.open()
            for number, frame in enumerate(source.frames()):
                if self._stop.is_set():
                    return
                if not self._file(number).is_file():
                    self._write(number, to_displayed(frame.image, source.info.display_matrix))
                self.count = number + 1
                self.total = max(self.total, self.count)
            with atomic_path(self.folder / COMPLETE) as part:
                part.write_text(json.dumps({"count": self.count}))
            self.total, self.is_complete = self.count, True
        except (UserError, OSError) as error:
            self.error = str(error)

    def _write(self, number: int, image: np.ndarray) -> None:
        size = (image.shape[0], image.shape[1])
        small = reduce_image(np.ascontiguousarray(image), size_within(size, LONGER_SIDE_PX))
        part = self.folder / "part.jpg"
        write_jpeg(part, small, QUALITY)
        os.replace(part, self._file(number))
