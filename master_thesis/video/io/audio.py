"""Copies sound from one file to another packet by packet, without decoding it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av

CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}
"""Suffixes of the videos that can be written, with FFmpeg's name of each container."""


def can_hold(suffix: str, codec: str) -> bool:
    """Whether the container of a suffix takes sound of a codec.

    >>> can_hold(".mp4", "aac"), can_hold(".mkv", "pcm_u8"), can_hold(".mp4", "pcm_u8")
    (True, True, False)
    """
    with av.open(io.BytesIO(), "w", format=CONTAINERS[suffix]) as container:
        return codec in container.supported_codecs


class AudioCopier:
    """Copies the audio packets of a file into a container that is being written.

    Args:
        source: the file with the sound.
        output: the open container; its audio streams are added here, before anything is written to it.
    """

    def __init__(self, source: Path, output: Any) -> None:
        self._output = output
        self._input = av.open(str(source))
        self._streams = {s.index: output.add_stream_from_template(s) for s in self._input.streams.audio}
        self._packets = self._read()
        self._next = next(self._packets, None)

    def copy_until(self, seconds: float) -> None:
        """Copies the packets due by a time, so that sound and frames of one moment lie close together in the file."""
        while self._next is not None and float((self._next.dts or 0) * self._next.time_base) <= seconds:
            self._next.stream = self._streams[self._next.stream.index]
            self._output.mux(self._next)
            self._next = next(self._packets, None)

    def _read(self) -> Iterator[Any]:
        streams = list(self._input.streams.audio)
        for packet in self._input.demux(streams) if streams else ():
            if packet.dts is not None:  # the demuxer ends every stream with an empty packet
                yield packet

    def close(self) -> None:
        """Closes the source."""
        self._input.close()
