"""Copies sound and subtitles from one file to another packet by packet; sound that no container takes is converted."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error

from master_thesis.video.io.clock import Clock, StreamClock
from master_thesis.video.io.opening import open_media
from master_thesis.video.io.tracks import CONVERTED, Carried
from master_thesis.wording import counted

log = logging.getLogger(__name__)

CONVERTED_RATES = (48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000)
"""Samples per second that are kept; others become the first."""
FACTS = (
    "title",
    "date",
    "creation_time",
    "location",
    "artist",
    "album",
    "genre",
    "comment",
    "description",
    "copyright",
)
"""What is copied of the facts about a file."""
PHONE_FACTS = {"com.apple.quicktime.location.ISO6709": "location", "com.apple.quicktime.creationdate": "date"}
"""The same facts as phones name them."""


@dataclass(frozen=True)
class Companions:
    """What a result takes from its source in addition to the picture.

    Attributes:
        source: the file.
        carried: what becomes of its tracks.
        clock: maps its times.
        picture: index of its picture stream.
    """

    source: Path
    carried: Carried = field(default_factory=Carried)
    clock: Clock = field(default_factory=Clock)
    picture: int = 0


@dataclass
class _Lane:
    """The way of one track from the source to the output."""

    stream: Any
    clock: StreamClock
    is_converted: bool
    can_start_early: bool
    codec: str = ""
    is_started: bool = False
    last: int | None = None

    def packets(self, packet: Any) -> Iterator[Any]:
        """The packets to write for a packet of the source; none if it is hidden or would go back in time."""
        if self.is_converted:
            yield from self._convert(packet)
            return
        if packet.dts is None:
            return
        self.clock.apply(packet)
        if not self.is_started and self._is_priming(packet):
            return
        is_first, self.is_started = not self.is_started, True
        if is_first and not self.can_start_early and _is_last_before_start(packet):
            packet.pts = packet.dts = 0
        elif self._is_hidden(packet) or self._goes_back(packet):
            return
        self.last = packet.dts
        packet.stream = self.stream
        yield packet

    def _is_priming(self, packet: Any) -> bool:
        """Whether a packet of AAC lies before the start, mostly or entirely, where the container cannot say so.

        Players would play it, and all sound would be late by its length. Its absence only fades in the packet after it.
        """
        is_aac = self.codec == "aac" and not self.can_start_early
        return is_aac and packet.pts is not None and 2 * packet.pts + (packet.duration or 0) < 0

    def _goes_back(self, packet: Any) -> bool:
        """Whether a packet overlaps the one before it; equal times, of coarse clocks, are set apart by a tick."""
        if self.last is None or packet.dts > self.last:
            return False
        if packet.dts == self.last:
            packet.dts += 1
            packet.pts = packet.pts if packet.pts is None else max(packet.pts, packet.dts)
        return bool(packet.dts <= self.last)

    def _is_hidden(self, packet: Any) -> bool:
        """Whether players never play it: it lies before the start, or was cut away.

        Decoders need the last packet before the first one that is played; players skip it where the container says so.
        """
        if packet.pts is None:
            return bool(packet.is_discard)
        if not self.can_start_early:
            return packet.is_discard or packet.pts < 0
        is_needed = self.last is None and _is_last_before_start(packet)
        return not is_needed and (packet.is_discard or packet.pts + (packet.duration or 0) <= 0)

    def _convert(self, packet: Any) -> Iterator[Any]:
        if packet.dts is not None:
            self.clock.apply(packet)
        for frame in _decoded(packet):
            if frame.pts is not None and (self.last is None or frame.pts > self.last):
                self.last = frame.pts
                yield from self.stream.encode(frame)
        if packet.dts is None and not packet.size:
            yield from self.stream.encode(None)


class TrackCopier:
    """Copies tracks of a file into a container that is being written.

    Args:
        companions: what to copy.
        output: the open container; its streams are added here, before anything is written to it.
    """

    def __init__(self, companions: Companions, output: Any) -> None:
        self._output = output
        self._input = open_media(companions.source)
        is_from_matroska = "matroska" in self._input.format.name  # whose tracks state what players skip
        can_start_early = output.format.name != "matroska" or is_from_matroska
        self._lanes: dict[int, _Lane] = {}
        for track in (*companions.carried.copied, *companions.carried.converted):
            template = self._input.streams[track.index]
            is_converted = track in companions.carried.converted
            stream = _converted(output, template) if is_converted else output.add_stream_from_template(template)
            _copy_facts(template, stream)
            clock = companions.clock.follow()
            self._lanes[track.index] = _Lane(stream, clock, is_converted, can_start_early, track.codec)
        self._copy_file_facts(companions.clock.origin)
        self._num_dropped = 0
        self._packets = self._read()
        self._next = next(self._packets, None)

    def copy_until(self, seconds: float) -> None:
        """Copies the packets due by a time, so that sound and frames of one moment lie close together in the file."""
        while self._next is not None and float((self._next.dts or 0) * self._next.time_base) <= seconds:
            try:
                self._output.mux(self._next)
            except av.error.ArgumentError:  # its times cannot be written; the others can
                self._num_dropped += 1
            self._next = next(self._packets, None)

    def _read(self) -> Iterator[Any]:
        streams = [self._input.streams[index] for index in self._lanes]
        for packet in self._input.demux(streams) if streams else ():
            yield from self._lanes[packet.stream.index].packets(packet)

    def _copy_file_facts(self, origin: Fraction) -> None:
        facts: Mapping[str, str] = self._input.metadata
        named = {PHONE_FACTS.get(name, name.lower()): value for name, value in facts.items()}
        self._output.metadata.update({name: value for name, value in named.items() if name in FACTS})
        chapters = [chapter for chapter in self._input.chapters() if chapter["end"] > chapter["start"]]
        for chapter in chapters:
            ticks = round(origin / chapter["time_base"])
            chapter["start"], chapter["end"] = max(chapter["start"] - ticks, 0), max(chapter["end"] - ticks, 1)
        if chapters:
            self._output.set_chapters(chapters)

    def close(self) -> None:
        """Closes the source, and logs what could not be written."""
        self._input.close()
        if self._num_dropped:
            log.warning("%s of sound left out, whose time cannot be written", counted(self._num_dropped, "packet"))


def copy_picture_facts(companions: Companions, stream: Any) -> None:
    """Copies the language, the title and the disposition of the picture stream."""
    with open_media(companions.source) as source:
        _copy_facts(source.streams[companions.picture], stream)


def _copy_facts(template: Any, stream: Any) -> None:
    for name in ("language", "title"):
        if template.metadata.get(name):
            stream.metadata[name] = template.metadata[name]
    stream.disposition = template.disposition


def _converted(output: Any, template: Any) -> Any:
    """Adds a stream for sound that is converted."""
    rate = template.codec_context.sample_rate
    stream = output.add_stream(CONVERTED, rate=rate if rate in CONVERTED_RATES else CONVERTED_RATES[0])
    stream.layout = "mono" if template.codec_context.layout.nb_channels == 1 else "stereo"
    return stream


def _is_last_before_start(packet: Any) -> bool:
    return packet.pts is not None and -2 * (packet.duration or 0) < packet.pts < 0


def _decoded(packet: Any) -> list[Any]:
    try:
        return list(packet.decode())
    except av.error.FFmpegError:
        return []  # a damaged piece of sound
