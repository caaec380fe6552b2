"""The streams of a file other than the picture, and which of them a container can hold.

Convention:
    Whether a container takes a track is not looked up but tried: its header is written with that very stream, and its
    first packets, into memory.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import av.error

from master_thesis.video.io.encoding import ENCODERS, opening_encoder
from master_thesis.video.io.opening import open_media

CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}
"""Suffixes of the videos that can be written, with FFmpeg's name of each container."""
FALLBACKS = (".mp4", ".mkv", ".mov")
"""Containers in the order in which they are tried."""
CONVERTED = "aac"
"""Encoder of sound that no container takes as it is."""
TRIED_PACKETS = 4
MAX_READ = 2000
"""Packets read in search of those of a track."""


@dataclass(frozen=True)
class Track:
    """A stream other than the picture.

    Attributes:
        index: of the stream in its file.
        kind: audio, subtitle, data, attachment or video.
        codec: FFmpeg's name; ``unknown`` if FFmpeg has none.
        language: three letters; empty if not stated.
        title: shown by players; empty if there is none.
    """

    index: int
    kind: str
    codec: str
    language: str = ""
    title: str = ""

    def __str__(self) -> str:
        kind = {"audio": "sound", "subtitle": "subtitles", "video": "another picture"}.get(self.kind, self.kind)
        details = ", ".join(part for part in (self.codec, self.language, self.title) if part)
        return f"{kind} {self.index} ({details})"


@dataclass(frozen=True)
class Carried:
    """What becomes of the tracks of a video in a container.

    Attributes:
        copied: packet by packet.
        converted: sound that is encoded again, because no container takes it.
        left_out: everything else.
    """

    copied: tuple[Track, ...] = ()
    converted: tuple[Track, ...] = ()
    left_out: tuple[Track, ...] = ()


def read_tracks(container: Any, picture: Any) -> tuple[Track, ...]:
    """All streams of an open file other than the picture that is filled."""
    found = []
    for stream in container.streams:
        if stream.index != picture.index:
            codec = stream.codec_context.name if stream.codec_context else "unknown"
            language = stream.metadata.get("language", "")
            language = "" if language == "und" else language
            found.append(Track(stream.index, stream.type, codec, language, stream.metadata.get("title", "")))
    return tuple(found)


def carry(path: Path, tracks: Sequence[Track], suffix: str) -> Carried:
    """Decides what becomes of the tracks of a file in the container of a suffix."""
    copied, converted, left_out = [], [], []
    for track in tracks:
        if takes(path, track, suffix):
            copied.append(track)
        elif is_convertible(path, track):
            converted.append(track)
        else:
            left_out.append(track)
    return Carried(tuple(copied), tuple(converted), tuple(left_out))


def takes(path: Path, track: Track, suffix: str) -> bool:
    """Whether the container of a suffix takes a track as it is."""
    if track.kind not in ("audio", "subtitle") or track.codec == "unknown" or not path.is_file():
        return False
    status = path.stat()
    return _tried(path, status.st_mtime_ns, status.st_size, track.index, CONTAINERS[suffix])


def suitable(path: Path, tracks: Sequence[Track]) -> list[str]:
    """The containers that take all sound that any of them takes, the usual one first."""
    sounds = [t for t in tracks if t.kind == "audio" and any(takes(path, t, suffix) for suffix in FALLBACKS)]
    return [suffix for suffix in FALLBACKS if all(takes(path, t, suffix) for t in sounds)]


def is_convertible(path: Path, track: Track) -> bool:
    """Whether a track is sound that no container takes, but that can be decoded."""
    is_sound = track.kind == "audio" and track.codec != "unknown"
    return is_sound and not any(takes(path, track, suffix) for suffix in FALLBACKS)


@functools.lru_cache(maxsize=256)
def holds_codec(suffix: str, codec: str) -> bool:
    """Whether the container of a suffix takes video of a codec (a key of ``ENCODERS``)."""
    try:
        with av.open(io.BytesIO(), "w", format=CONTAINERS[suffix]) as output:
            stream: Any = output.add_stream(ENCODERS[codec].name, rate=25, options=ENCODERS[codec].options)
            stream.width = stream.height = 64
            stream.pix_fmt = "yuv422p10le" if codec == "prores" else "yuv420p"
            with opening_encoder():
                output.start_encoding()
    except (av.error.FFmpegError, ValueError):
        return False
    return True


@functools.lru_cache(maxsize=256)
def _tried(path: Path, changed: int, size: int, index: int, container: str) -> bool:
    """Tries to write the header and the first packets of a stream; changed and size say which state of the file."""
    with open_media(path) as source:
        output = av.open(io.BytesIO(), "w", format=container)
        try:
            picture: Any = output.add_stream("mpeg4", rate=25)
            picture.width, picture.height, picture.pix_fmt = 64, 64, "yuv420p"
            stream = output.add_stream_from_template(source.streams[index])
            output.start_encoding()
            for packet in _first_packets(source, index):
                packet.stream = stream
                output.mux(packet)
            output.close()
        except (av.error.FFmpegError, ValueError):
            return False
        finally:
            _close(output)
    return True


def _first_packets(source: Any, index: int) -> list[Any]:
    """The first packets of a stream, as far as they come early."""
    found: list[Any] = []
    for number, packet in enumerate(source.demux(source.streams[index])):
        if len(found) == TRIED_PACKETS or number == MAX_READ:
            break
        if packet.dts is not None and not packet.is_discard and (not found or packet.dts > found[-1].dts):
            found.append(packet)
    return found


def _close(output: Any) -> None:
    try:
        output.close()
    except (av.error.FFmpegError, ValueError):
        return  # a container whose header failed
