"""Times of a source become times of the result in one way for all streams."""

from dataclasses import dataclass, field
from fractions import Fraction
from types import SimpleNamespace

import pytest

from master_thesis.video.io.clock import MAY_JUMP, Clock, Jump, read_clock

BASE = Fraction(1, 90000)
HOUR = 3600 * 90000


@dataclass
class Packet:
    index: int
    dts: int | None
    pos: int | None
    duration: int = 3600
    pts: int | None = None
    is_discard: bool = False
    is_keyframe: bool = True
    time_base: Fraction = BASE
    stream: SimpleNamespace = field(init=False)

    def __post_init__(self) -> None:
        self.stream, self.pts = SimpleNamespace(index=self.index), self.dts


def container(packets: list[Packet], flags: int = MAY_JUMP) -> SimpleNamespace:
    return SimpleNamespace(format=SimpleNamespace(flags=flags), demux=lambda streams: iter(packets))


def stream(index: int) -> SimpleNamespace:
    return SimpleNamespace(index=index)


def clock_of(packets: list[Packet], flags: int = MAY_JUMP, sounds: int = 1) -> Clock:
    return read_clock(container(packets, flags), stream(0), [stream(1 + i) for i in range(sounds)])


@pytest.mark.parametrize(
    ("picture", "sound", "origin"),
    [
        (0, 1920, 0),
        (HOUR + 1920, HOUR, 3600),
        (900, None, Fraction(1, 100)),
        (0, -900, 0),
        (-900, 0, -Fraction(1, 100)),
    ],
)
def test_a_result_starts_with_its_earliest_stream(picture: int, sound: int | None, origin) -> None:
    packets = [Packet(0, picture, 0), *([] if sound is None else [Packet(1, sound, 0)])]
    assert clock_of(packets, flags=0).origin == origin


def test_what_is_cut_away_or_cannot_be_decoded_is_no_start() -> None:
    hidden, broken = Packet(0, 0, 0, is_discard=True), Packet(0, 3600, 0, is_keyframe=False)
    assert clock_of([hidden, broken, Packet(0, 9000, 0), Packet(1, 9900, 0)], flags=0).origin == Fraction(1, 10)


def test_the_times_of_a_packet_are_moved() -> None:
    follow = Clock(Fraction(3600)).follow()
    packet, empty = Packet(0, HOUR + 900, 0), Packet(0, None, None)
    for each in (packet, empty):
        follow.apply(each)
    assert (packet.pts, packet.dts, empty.dts) == (900, 900, None)


def parts(*starts: int, count: int = 4) -> list[Packet]:
    """Packets of two streams whose times start again in every part; sound lies a little later in the file."""
    found = []
    for part, start in enumerate(starts):
        for i in range(count):
            place = 10_000 * part + 1000 * i
            found += [Packet(0, start + 3600 * i, place), Packet(1, start + 3600 * i - 900, place + 500)]
    return found


@pytest.mark.parametrize("second", [900, 90000 * 100, 0], ids=["back", "ahead", "to the start"])
def test_joined_parts_follow_one_another(second: int) -> None:
    clock = clock_of(parts(9000, second, 900))
    assert len(clock.jumps) == 2
    packets, follows = parts(9000, second, 900), [clock.follow(), clock.follow()]
    for packet in packets:
        follows[packet.index].apply(packet)
    for index in (0, 1):
        times = [packet.dts for packet in packets if packet.index == index]
        assert times == [900 * (1 - index) + 3600 * i for i in range(12)]


def test_streams_that_reach_a_join_in_another_order_share_it() -> None:
    first, second = parts(9000), parts(900)
    for packet in second:
        packet.pos += 10_000
    late = [second[1], second[0], *second[2:]]  # the sound of the second part is read before its picture
    clock = clock_of([*first, *late])
    (jump,) = clock.jumps
    assert jump.position == 10_000


def test_small_steps_back_are_no_join() -> None:
    packets = [Packet(0, dts, dts) for dts in (0, 3600, 7200, 6000, 10800)]
    assert clock_of(packets).jumps == ()


def test_packets_without_a_place_belong_to_the_part_before_them() -> None:
    follow = Clock(jumps=(Jump(100, Fraction(1)),)).follow()
    packets = [Packet(0, 0, 0), Packet(0, 900, None), Packet(0, 0, 100), Packet(0, 900, None)]
    for packet in packets:
        follow.apply(packet)
    assert [packet.dts for packet in packets] == [0, 900, 90000, 90900]
