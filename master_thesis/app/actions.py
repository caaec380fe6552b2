"""The actions of a session, independent of HTTP."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from master_thesis.app.carrying import CarryChoice, require_weights
from master_thesis.app.jobs import Job
from master_thesis.app.keys import Mask, alpha_png, mask_of_png
from master_thesis.app.removal import MAX_WIDENING, RemovalChoice
from master_thesis.app.sessions import Session, SessionStore
from master_thesis.app.transfer import ARCHIVE, load_masks, pack_masks, save_masks
from master_thesis.errors import UserError, require
from master_thesis.images.codec import read_frame
from master_thesis.images.masks import widen
from master_thesis.masking.outline import FrameMarks, outline
from master_thesis.video.boxes import clipped
from master_thesis.video.mask_scan import outlined_with

CARRY, REMOVE = "carry", "remove"


def open_video(store: SessionStore, values: Mapping[str, Any]) -> dict[str, str]:
    """Opens a video by its path."""
    path = str(values.get("path", "")).strip()
    require(path != "" and "\0" not in path, "type the path of a video, or of a folder of frames")
    return {"id": store.open(Path(path).expanduser(), values.get("keep_going") is True).folder.name}


@dataclass(frozen=True)
class Upload:
    """A video that is being uploaded.

    Attributes:
        folder: of its session.
        name: its name on the machine that it comes from.
    """

    folder: Path
    name: str

    @property
    def path(self) -> Path:
        """Where it is stored: under its own name, without folders."""
        plain = self.name.replace("\\", "/").rpartition("/")[2].replace("\0", "").strip().lstrip(".-")
        folder = self.folder / "video"
        folder.mkdir(exist_ok=True)
        stem, dot, suffix = plain.rpartition(".")
        return folder / (f"{stem[:80]}{dot}{suffix[:8]}" if stem else plain[:80] or "video")

    def discard(self) -> None:
        """Deletes it."""
        shutil.rmtree(self.folder, ignore_errors=True)


def confidence(session: Session, request: object, data: bytes) -> list[float]:
    """The confidence of each frame's mask."""
    record = session.record()
    return record.confidence if record else []


def picture(session: Session, kind: str, frame: int) -> Path:
    """The file of a frame of the input, the result or the origins."""
    known = {"input": session.frames, **session.removal.pictures}
    require(kind in known, f"there are no pictures of the {kind[:20]}: input, result and origin are known")
    path = known[kind].path(frame)
    require(path is not None, f"frame {frame} of the {kind} does not exist or is not read yet")
    assert path is not None
    return path


def mask_picture(session: Session, frame: int, widening: str | None = None) -> bytes:
    """The mask of a frame, or what a removal takes with so much widening, as a PNG picture with transparency."""
    session.check_frame(frame)
    if widening is None:
        return alpha_png(session.mask(frame))
    is_fine = widening.isdecimal() and int(widening) <= MAX_WIDENING
    require(is_fine, f"masks should be widened by 0 to {MAX_WIDENING} pixels, got {widening[:20]}")
    return alpha_png(np.ascontiguousarray(widen(session.hole(frame), int(widening))))


def set_key(session: Session, request: Any, data: bytes) -> dict[str, Any]:
    """Takes the mask that was drawn on a frame."""
    frame = int(request.path_params["frame"])
    session.check_frame(frame)
    session.check_idle()
    session.keys.set(frame, mask_of_png(data, session.info.displayed_size))
    return {}


def remove_key(session: Session, request: Any, data: bytes) -> dict[str, Any]:
    """Turns a key frame into an ordinary frame."""
    session.check_idle()
    session.keys.remove(int(request.path_params["frame"]))
    return {}


def outline_box(session: Session, frame: int, values: Mapping[str, Any]) -> bytes:
    """The outline of the object in a box (left, top, right, bottom)."""
    box = values.get("box")
    is_box = isinstance(box, list) and len(box) == 4 and all(type(number) is int for number in box)
    require(is_box, "the box should be four whole numbers: left, top, right and bottom")
    assert isinstance(box, list)
    left, top, right, bottom = box
    corners = clipped("the box", (left, top, right, bottom), session.info.displayed_size)
    found = _outlined(session, frame, FrameMarks(corners), _beside(session, frame))
    require(bool(found.any()), "nothing stands out in this box: draw it tighter, or paint the object")
    return alpha_png(found)


def outline_strokes(session: Session, frame: int, drawing: bytes) -> bytes:
    """The outline of the object under some strokes."""
    strokes = mask_of_png(drawing, session.info.displayed_size)
    require(bool(strokes.any()), "nothing is painted on this frame: paint a few strokes on the object first")
    return alpha_png(_outlined(session, frame, FrameMarks(on=strokes)))


def _beside(session: Session, frame: int) -> list[np.ndarray]:
    """The frames next to one that have been read, on the side that has more of them."""
    others = outlined_with(frame, lambda t: session.frames.path(t) is not None)
    return [read_frame(picture(session, "input", t)) for t in others]


def _outlined(session: Session, frame: int, marks: FrameMarks, neighbours: Sequence[np.ndarray] = ()) -> Mask:
    image = read_frame(picture(session, "input", frame))
    size = session.info.displayed_size
    if image.shape[:2] != size:
        image = cv2.resize(image, size[::-1], interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(outline(image, marks, neighbours).mask)


def carry(session: Session, values: Mapping[str, Any]) -> None:
    """Carries the drawn masks through the video."""
    _require_readable(session)
    words, digest = _carry_words(session), session.digest
    session.start(Job(CARRY, [words], session.folder, lambda: session.note_carried(digest)))


def remove(session: Session, values: Mapping[str, Any]) -> None:
    """Removes the object; carries the masks first if that has not been done."""
    _require_readable(session)
    choice, carrying, digest = RemovalChoice.of(values), _carry_words(session), session.digest
    commands = [] if session.is_carried else [carrying]
    commands.append(session.removal.words(session.masks, choice))

    def note(number: int) -> None:  # a removal that is cancelled keeps its masks
        if commands[number] is carrying:
            session.note_carried(digest)

    session.start(Job(REMOVE, commands, session.folder, lambda: session.removal.note(digest, choice), note))


def cancel(session: Session, values: Mapping[str, Any]) -> None:
    """Cancels the current job."""
    if session.job is not None:
        session.jobs.cancel(session.job)


def choose(session: Session, values: Mapping[str, Any]) -> None:
    """Changes what is masked besides what is drawn, and what carries masks."""
    session.check_idle()
    session.choose(CarryChoice.of(values, session.info.displayed_size))


def load(session: Session, values: Mapping[str, Any]) -> None:
    """Loads masks from a folder."""
    load_masks(session, _folder(values))


def save(session: Session, values: Mapping[str, Any]) -> dict[str, str]:
    """Saves masks to a new folder."""
    folder = _folder(values)
    save_masks(session, folder)
    return {"folder": str(folder)}


ACTIONS: Mapping[str, Callable[[Session, Mapping[str, Any]], Any]] = {
    CARRY: carry,
    REMOVE: remove,
    "cancel": cancel,
    "choose": choose,
    "load": load,
    "save": save,
}
"""Actions that a POST request can name."""


def file_of(session: Session, name: str) -> Path:
    """A file to download: ``video``, ``page``, ``origin`` or ``masks``."""
    if name == "masks":
        return pack_masks(session)
    files = session.removal.files()
    if name not in files:
        raise UserError(f"there is no {name[:20]} to download: remove the object first")
    return files[name]


def download_name(session: Session, path: Path) -> str:
    """The name under which a file is downloaded."""
    return f"{Path(session.opened.name).stem}_{ARCHIVE}" if path.name == ARCHIVE else path.name


def _carry_words(session: Session) -> list[str]:
    is_drawn = session.keys.is_drawn
    require(is_drawn or session.choice.is_enough, "nothing is drawn yet: draw the object on a frame first")
    if is_drawn:
        require_weights(session.choice)
    marks = [*session.keys.words(), *session.choice.words(is_drawn)]
    words = ["mask", session.opened.video, *marks, "--output", str(session.masks), "--overwrite"]
    return [*words, "--keep_going"] if session.opened.keep_going else words


def _require_readable(session: Session) -> None:
    require(not session.frames.error, session.frames.error)


def _folder(values: Mapping[str, Any]) -> Path:
    path = str(values.get("path", "")).strip()
    require(path != "" and "\0" not in path, "type the path of a folder")
    return Path(path).expanduser()
