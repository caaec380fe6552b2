"""Maps times of a source to times of the result: the only place where they differ.

Convention:
    A result starts at 0: the start of the earliest of its streams is subtracted (recordings of television start hours
    later), and streams that were joined continue where the part before them ends, picture and sound alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

BACKWARDS = Fraction(1, 10)
"""Seconds by which times that go back belong to another part."""
FORWARDS = 10
"""Seconds by which times that leap ahead belong to another part."""
MAX_READ = 1000
"""Packets that are read in search of the first of every stream."""
MAY_JUMP = 0x0200
"""FFmpeg's AVFMT_TS_DISCONT: the container is one in which times may jump."""


@dataclass(frozen=True)
class Jump:
    """Where another part of a joined file starts.

    Attributes:
        position: of its first byte in the file.
        shift: seconds to add to its times, so that it follows the part before it.
    """

    position: int
    shift: Fraction


@dataclass(frozen=True)
class Clock:
    """Maps the times of a file.

    Attributes:
        origin: seconds at which the result begins.
        jumps: where parts of a joined file start, in order.
        may_jump: whether the container is one in which times may jump, and packets may be missing.
    """

    origin: Fraction = Fraction(0)
    jumps: tuple[Jump, ...] = ()
    may_jump: bool = False

    def follow(self) -> StreamClock:
        """A clock for the packets of one stream, in the order in which they are read."""
        return StreamClock(self)


@dataclass
class StreamClock:
    """Moves the times of the packets of one stream to those of the result."""

    clock: Clock
    position: int = 0

    def apply(self, packet: Any) -> None:
        """Changes the times of the next packet."""
        self.position = packet.pos if packet.pos is not None and packet.pos >= 0 else self.position
        shifts = [jump.shift for jump in self.clock.jumps if jump.position <= self.position]
        seconds = (shifts[-1] if shifts else 0) - self.clock.origin
        if seconds and packet.time_base:
            ticks = round(seconds / packet.time_base)
            packet.pts = None if packet.pts is None else packet.pts + ticks
            packet.dts = None if packet.dts is None else packet.dts + ticks


@dataclass
class _Scan:
    """Finds the jumps in the packets of a file."""

    jumps: list[Jump] = field(default_factory=list)
    lasts: dict[int, Fraction] = field(default_factory=dict)
    lengths: dict[int, Fraction] = field(default_factory=dict)
    positions: dict[int, int] = field(default_factory=dict)

    def add(self, packet: Any) -> None:
        index, position = packet.stream.index, packet.pos
        if position is None or position < 0:
            position = self.positions.get(index, 0)
        self.positions[index] = position
        time, last = packet.dts * packet.time_base, self.lasts.get(index)
        end = None if last is None else last + self.lengths.get(index, Fraction(0))
        shift = next((j.shift for j in reversed(self.jumps) if j.position <= position), Fraction(0))
        if end is not None and _is_jump(end, time + shift):
            part = self.jumps[-1] if self.jumps else None
            if part is not None and not _is_jump(end, time + part.shift):  # the part starts earlier in the file
                self.jumps[-1] = Jump(min(position, part.position), part.shift)
            else:
                self.jumps.append(Jump(position, end - time))
            shift = self.jumps[-1].shift
        elif last is not None and time + shift > last:
            self.lengths[index] = time + shift - last
        self.lasts[index] = time + shift


def _is_jump(end: Fraction, time: Fraction) -> bool:
    return not -BACKWARDS <= time - end <= FORWARDS


def read_clock(container: Any, picture: Any, sounds: Sequence[Any]) -> Clock:
    """Reads the clock of an open file; reads on to its end where times may jump.

    Args:
        container: the file, at its start.
        picture: the picture stream.
        sounds: the other streams that the result will have.
    """
    starts: dict[int, Fraction] = {}
    scan = _Scan() if int(container.format.flags) & MAY_JUMP else None
    for number, packet in enumerate(container.demux([picture, *sounds])):
        index = packet.stream.index
        is_start = packet.pts is not None and not packet.is_discard and (packet.is_keyframe or index != picture.index)
        if is_start:
            starts.setdefault(index, packet.pts * packet.time_base)
        if scan is not None and packet.dts is not None:
            scan.add(packet)
        elif scan is None and (len(starts) == 1 + len(sounds) or number == MAX_READ):
            break
    origin = _origin(starts.pop(picture.index, Fraction(0)), starts.values())
    return Clock(origin, tuple(scan.jumps) if scan else (), may_jump=scan is not None)


def _origin(picture: Fraction, sounds: Iterable[Fraction]) -> Fraction:
    """Where a result begins: sound may start a little before 0, where decoders need it, but no picture may."""
    return min(picture, Fraction(0)) or max(min([picture, *sounds]), Fraction(0))
