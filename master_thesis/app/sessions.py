"""Sessions: one per opened video, with all its data in a folder, so that they survive a restart."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from master_thesis.app.carrying import CarryChoice, added
from master_thesis.app.jobs import Job, JobQueue
from master_thesis.app.keys import KeyFrames, Mask
from master_thesis.app.pictures import Pictures, Reading
from master_thesis.app.removal import Removal
from master_thesis.configs.video import default_widening
from master_thesis.errors import UserError, require
from master_thesis.images.graded import read_graded
from master_thesis.runtime.atomic import atomic_path
from master_thesis.video.io.source import VideoInfo
from master_thesis.video.mask_folder import MaskRecord, mask_name

NOTE, MASKS, CARRIED = "session.json", "masks", "carried.txt"
"""Files of a session: what was opened, the folder of masks, and what those were made from."""
ID = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True)
class Opened:
    """What was opened.

    Attributes:
        video: a file or a folder of frames.
        name: what the page calls it.
        seconds: when, since 1970.
        keep_going: make damaged frames from their neighbours.
    """

    video: str
    name: str
    seconds: float
    keep_going: bool = False


class Session:
    """An opened video.

    Args:
        folder: of the session; its name is the id.
        opened: the video.
        jobs: runs longer work.

    Raises:
        UserError: the video cannot be read.
    """

    def __init__(self, folder: Path, opened: Opened, jobs: JobQueue) -> None:
        self.folder, self.opened, self.jobs = folder, opened, jobs
        reading = Reading(Path(opened.video), opened.keep_going)
        self.info: VideoInfo = reading.open().info
        self.keys = KeyFrames(folder / "keys", self.info.displayed_size)
        self.choice = CarryChoice.read(folder)
        self.frames = Pictures(reading, folder / "frames", self.info.estimated_frames)
        self.frames.start()
        self.removal = Removal(folder / "result", reading, self.info)
        self.job = Job.last(folder)

    @property
    def masks(self) -> Path:
        """The folder of masks."""
        return self.folder / MASKS

    def record(self) -> MaskRecord | None:
        """What ``masks.json`` says; None: nothing was carried yet."""
        return MaskRecord.read(self.masks)

    def mask(self, frame: int) -> Mask:
        """The mask of a frame: drawn, carried or empty."""
        return self._grades(frame)[0]

    def hole(self, frame: int) -> Mask:
        """What a removal takes before it widens it: the mask and what is unsure."""
        mask, unsure = self._grades(frame)
        return mask | unsure

    def _grades(self, frame: int) -> tuple[Mask, Mask]:
        empty, drawn = np.zeros(self.info.displayed_size, bool), self.keys.mask(frame)
        path = self.masks / mask_name(self.info, frame)
        if drawn is not None or not path.is_file():
            return empty if drawn is None else drawn, empty
        return read_graded(path)

    @property
    def is_carried(self) -> bool:
        """Whether the masks are those of the key frames as they are now."""
        note = self.folder / CARRIED
        return note.is_file() and self.masks.is_dir() and note.read_text() == self.digest

    @property
    def digest(self) -> str:
        """Changes with everything that masks are made from."""
        added = " ".join(self.choice.words(is_drawn=self.keys.is_drawn))
        return f"{self.keys.digest()} {added}".strip()

    def choose(self, choice: CarryChoice) -> None:
        """Changes what is masked besides what is drawn, and what carries masks."""
        choice.write(self.folder)
        self.choice = choice

    def note_carried(self, digest: str) -> None:
        """Records which key frames and options the masks were made from."""
        with atomic_path(self.folder / CARRIED) as part:
            part.write_text(digest)

    def start(self, job: Job) -> None:
        """Queues a job.

        Raises:
            UserError: there is one already.
        """
        self.jobs.add(job)
        self.job = job

    def check_frame(self, frame: int) -> None:
        """Raises :class:`UserError` if a frame does not exist or is not read yet."""
        known = self.frames.count
        require(0 <= frame < known, f"frame {frame} does not exist or is not read yet: frames 0 to {known - 1} are")

    def check_idle(self) -> None:
        """Raises :class:`UserError` while something is computed from the key frames."""
        is_idle = self.job is None or not self.job.is_active
        require(is_idle, "the masks are in use: cancel what is being computed, or wait until it is done")

    def close(self) -> None:
        """Cancels what is running and stops reading."""
        if self.job is not None:
            self.jobs.cancel(self.job)
        self.frames.close()
        self.removal.close()

    @property
    def state(self) -> dict[str, Any]:
        """What the page shows."""
        (height, width), info, record = self.info.displayed_size, self.info, self.record()
        shown_height, shown_width = info.shown_size
        carried = record and {"doubtful": record.doubtful, "count": len(record.confidence), "notes": added(record)}
        job = None if self.job is None else {**self.job.seen, "ahead": self.jobs.ahead(self.job)}
        return {
            "id": self.folder.name,
            "name": self.opened.name,
            "video": self.opened.video,
            "size": [width, height],
            "shown_size": [shown_width, shown_height],
            "rate": float(info.timing.rate),
            "has_sound": bool(info.audio_codecs),
            "frames": self.frames.state,
            "keys": [{"frame": frame, "is_gone": is_gone} for frame, is_gone in self.keys.frames().items()],
            "masks": carried and {**carried, "version": _version(self.masks)},
            "choice": asdict(self.choice),
            "widening": default_widening(info.size),
            "is_carried": self.is_carried,
            "job": job,
            "result": self.removal.state(self.digest),
        }


class SessionStore:
    """All sessions of a folder; earlier ones are opened again on request.

    Args:
        folder: of all sessions.
        jobs: runs longer work.

    Raises:
        UserError: the folder cannot be written to.
    """

    def __init__(self, folder: Path, jobs: JobQueue) -> None:
        self.folder, self.jobs = folder, jobs
        self._open: dict[str, Session] = {}
        self._lock = threading.Lock()

    def open(self, video: Path, keep_going: bool = False) -> Session:
        """Opens a video.

        Raises:
            UserError: it cannot be read.
        """
        require(video.is_absolute(), f"{video}: should be the full path, from the root folder")
        Reading(video, keep_going).open()
        return self.adopt(self.new_folder(), video, keep_going)

    def new_folder(self) -> Path:
        """Creates the folder of a new session."""
        folder = self.folder / secrets.token_hex(6)
        folder.mkdir(mode=0o700, parents=True)
        return folder

    def adopt(self, folder: Path, video: Path, keep_going: bool = False) -> Session:
        """Turns a folder into a session; removes it if the video cannot be read.

        Raises:
            UserError: the video cannot be read.
        """
        opened = Opened(str(video), video.name, time.time(), keep_going)
        try:
            session = Session(folder, opened, self.jobs)
        except UserError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        with atomic_path(folder / NOTE) as part:
            part.write_text(json.dumps(asdict(opened)), encoding="utf-8")
        with self._lock:
            self._open[folder.name] = session
        return session

    def get(self, name: str) -> Session:
        """A session by its id.

        Raises:
            UserError: there is none, or its video is gone.
        """
        opened = _read_note(self.folder / name) if ID.fullmatch(name) else None
        require(opened is not None, f"there is no session {name[:20]}: open the video again")
        with self._lock:
            if name not in self._open:
                assert opened is not None
                self._open[name] = Session(self.folder / name, opened, self.jobs)
            return self._open[name]

    def remove(self, name: str) -> None:
        """Deletes a session with everything in its folder; a video that was opened by its path stays.

        Raises:
            UserError: there is none.
        """
        require(bool(ID.fullmatch(name)) and (self.folder / name).is_dir(), f"there is no session {name[:20]}")
        with self._lock:
            session = self._open.pop(name, None)
        if session is not None:
            session.close()
        shutil.rmtree(self.folder / name, ignore_errors=True)

    def all(self) -> list[dict[str, Any]]:
        """The sessions on the start page, newest first."""
        found = [(name, opened) for name, opened in self._notes() if Path(opened.video).exists()]
        found.sort(key=lambda each: -each[1].seconds)
        return [{"id": name, "name": o.name, "video": o.video, "seconds": o.seconds} for name, o in found]

    def close(self) -> None:
        """Stops everything; the sessions stay on disk."""
        for session in self._open.values():
            session.close()

    def _notes(self) -> Iterator[tuple[str, Opened]]:
        names = sorted(os.listdir(self.folder)) if self.folder.is_dir() else []
        for name in names:
            opened = _read_note(self.folder / name) if ID.fullmatch(name) else None
            if opened is not None:
                yield name, opened


def _read_note(folder: Path) -> Opened | None:
    try:
        return Opened(**json.loads((folder / NOTE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _version(path: Path) -> int:
    """Changes whenever a file or folder is replaced."""
    try:
        return path.stat().st_mtime_ns // 1_000_000
    except OSError:
        return 0
