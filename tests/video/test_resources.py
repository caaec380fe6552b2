"""The memory that a removal needs is estimated from its windows and holes."""

from master_thesis.video.plan import Scene, Window
from master_thesis.video.resources import memory_needed
from master_thesis.video.survey import Box

MIB = 2**20


def window(count: int, size=(1080, 1920), is_stored: bool = True) -> Window:
    return Window(Scene(0, count, Box(0, 0, *size), size, is_stored), 0, 0, count, count)


def test_memory_of_stored_frames_grows_slowly_with_their_number() -> None:
    few, many = memory_needed([window(10)], 50_000), memory_needed([window(92)], 50_000)
    assert 400 * MIB < few < many < 1024 * MIB
    assert memory_needed([window(92)], 500_000) > many + 900 * MIB
    assert memory_needed([window(10), window(92)], 50_000) == many


def test_frames_in_memory_need_more() -> None:
    assert memory_needed([window(50, (240, 480), is_stored=False)]) > 3 * memory_needed([window(50, (240, 480))])


def test_no_window_needs_nothing() -> None:
    assert memory_needed([]) == 0
