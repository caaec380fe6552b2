"""Opens media files: as files only, never as addresses, patterns or lists of other files.

Convention:
    FFmpeg takes names like ``Movie: part 1.mp4`` for a protocol and ``%03d`` for a pattern, and some of its demuxers
    open whatever files and ports their input names. Names are therefore marked as files, no other protocol is allowed,
    and such demuxers are excluded.
"""

from __future__ import annotations

import functools
import io
import zipfile
from pathlib import Path
from typing import Any

import av
import av.error

from master_thesis.errors import UserError, require
from master_thesis.images.header import MAX_BYTES

OPENS_OTHERS = frozenset(
    {
        *("concat", "concatf", "dash", "hls", "image2", "imf", "lavfi", "rtp", "rtsp", "sap", "sdp", "vobsub"),
        "tty",  # reads any text as a picture
    }
)
"""Demuxers that are never used."""

IMAGE_STARTS = (b"\xff\xd8\xff", b"\x89PNG", b"BM", b"II*\0", b"MM\0*", b"RIFF", b"\0\0\0\x0cJXL ", b"\xff\x0a")
"""First bytes of images, which FFmpeg opens by the name of the file, through ``image2``."""


def open_media(path: Path) -> Any:
    """Opens a file for reading.

    Raises:
        UserError: it is no media file, or a list of other files.
    """
    options = {"protocol_whitelist": "file", "format_whitelist": _formats()}
    try:
        return av.open(f"file:{path}", options=options, metadata_errors="replace")
    except (av.error.FFmpegError, UnicodeDecodeError) as error:
        reason, cause = reason_of(error), error
    is_refused = isinstance(cause, av.error.ArgumentError)
    start = _start_of(path) if is_refused else b""
    if start.startswith(IMAGE_STARTS) and path.stat().st_size <= MAX_BYTES:
        try:
            return av.open(io.BytesIO(path.read_bytes()), options=options, metadata_errors="replace")
        except av.error.FFmpegError as error:
            reason, cause = reason_of(error), error
    elif zipfile.is_zipfile(path):
        reason = "it is a zip archive: unpack it and name the folder"
    elif is_refused:
        reason = "lists of other files, like playlists, are not opened"
    raise UserError(f"{path}: cannot be read as a video ({reason})") from cause


def has_picture(path: Path) -> bool:
    """Whether a file can be opened and has a picture stream; cover pictures do not count."""
    try:
        with open_media(path) as container:
            return bool(_moving(container))
    except (UserError, OSError):
        return False


def picture_stream(container: Any, path: Path) -> tuple[Any, str]:
    """Chooses the stream to fill.

    Returns:
        The film rather than a thumbnail; of several films the default one, then the largest. And a notice if others
        are left out.

    Raises:
        UserError: there is none, or its codec is unknown.
    """
    moving = _moving(container)
    if not moving:
        found = "contains sound but no video" if container.streams.audio else "contains no video"
        raise UserError(f"{path}: {found}")
    known = [s for s in moving if s.codec_context is not None]
    require(bool(known), f"{path}: the video codec is unknown")
    chosen = max(known, key=_rank)
    films = [s for s in known if s is not chosen and _rank(s)[0]]
    others = ", ".join(f"{s.index} ({s.width} x {s.height})" for s in films)
    shown = f"stream {chosen.index} ({chosen.width} x {chosen.height})"
    return chosen, f"the video has several films: {shown} is filled, {others} left out" if films else ""


def reason_of(error: Exception) -> str:
    """What FFmpeg says about an error."""
    return str(getattr(error, "strerror", None) or error).lower()


def _moving(container: Any) -> list[Any]:
    return [s for s in container.streams.video if not s.disposition & s.disposition.attached_pic]


def _rank(stream: Any) -> tuple[bool, bool, int]:
    """Whether it is a film, whether it is the default, and its area."""
    is_film = stream.frames != 1 and not stream.disposition & stream.disposition.timed_thumbnails
    return is_film, bool(stream.disposition & stream.disposition.default), stream.width * stream.height


def _start_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(16)


@functools.cache
def _formats() -> str:
    return ",".join(sorted(av.formats_available - OPENS_OTHERS))
