"""Imports and exports the masks of a session, as folders like those of ``mask --output`` and as archives."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

from master_thesis.app.carrying import CarryChoice
from master_thesis.app.sessions import CARRIED, Session
from master_thesis.errors import require
from master_thesis.images.codec import read_mask
from master_thesis.runtime.atomic import atomic_folder, atomic_path
from master_thesis.video.mask_folder import RECORD, MaskRecord, check_mask_folder, mask_name

ARCHIVE = "masks.zip"


def load_masks(session: Session, folder: Path) -> None:
    """Replaces the masks and key frames of a session by those of a folder.

    Raises:
        UserError: it holds no masks, or those of another video.
    """
    session.check_idle()
    record = MaskRecord.read(folder)
    is_ours = folder.is_absolute() and record is not None
    require(is_ours, f"{folder}: should be the full path of a folder that mask has made, with {RECORD}")
    assert record is not None
    (height, width), (h, w) = session.info.displayed_size, record.size
    require((h, w) == (height, width), f"{folder}: the masks should be {width} x {height}, got {w} x {h}")
    frames, count = session.frames, len(record.confidence)
    require(frames.is_complete, "the video is still being read: load the masks once all frames have been read")
    require(count == frames.count, f"{folder}: should hold a mask for {frames.count} frames, got {count}")
    names = [mask_name(session.info, frame) for frame in range(count)]
    missing = [name for name in names if not (folder / name).is_file()]
    require(not missing, f"{folder}: the mask {', '.join(missing[:1])} is missing")
    with atomic_folder(session.masks, None) as part:
        for name in (*names, RECORD):
            shutil.copyfile(folder / name, part / name)
    for frame in session.keys.frames():
        session.keys.remove(frame)
    for frame in record.key_frames:
        session.keys.set(frame, read_mask(session.masks / names[frame]))
    session.choose(CarryChoice())
    session.note_carried(session.digest)


def save_masks(session: Session, folder: Path) -> None:
    """Writes the masks of a session to a new folder.

    Raises:
        UserError: there are none, or the folder is taken.
    """
    require_masks(session)
    require(folder.is_absolute(), f"{folder}: should be the full path of a new folder")
    require(not folder.exists() or not any(folder.iterdir()), f"{folder} exists already: choose another folder")
    check_mask_folder(folder, overwrite=False)
    with atomic_folder(folder, None) as part:
        shutil.copytree(session.masks, part, dirs_exist_ok=True)


def pack_masks(session: Session) -> Path:
    """An archive of the masks.

    Raises:
        UserError: there are none.
    """
    require_masks(session)
    path = session.folder / ARCHIVE
    with atomic_path(path) as part, zipfile.ZipFile(part, "w") as archive:
        for file in sorted(session.masks.iterdir()):
            archive.write(file, f"masks/{file.name}")
    return path


def require_masks(session: Session) -> None:
    """Raises :class:`UserError` unless every frame has its mask."""
    has_all = (session.folder / CARRIED).is_file() and session.masks.is_dir()
    require(has_all, "there are no masks yet: draw the object on a frame and carry it through the video")
    require(
        session.is_carried, "key frames or options were changed since the masks were carried: carry them again first"
    )
