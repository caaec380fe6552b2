"""The next item is worked on while the last one is used, and nothing is lost or out of order."""

import threading

import pytest
import torch

from master_thesis.runtime.ahead import NUM_THREADS, one_ahead, side_by_side, together

PATIENCE_S = 5


def test_the_next_item_is_computed_while_the_caller_works() -> None:
    has_begun = threading.Event()

    def items():
        yield 1
        has_begun.set()
        yield 2

    ahead = one_ahead(items())
    assert next(ahead) == 1
    assert has_begun.wait(PATIENCE_S)
    assert list(ahead) == [2]


def test_only_one_item_is_computed_ahead() -> None:
    begun = []
    ahead = one_ahead(n for n in range(9) if begun.append(n) is None)
    next(ahead)
    ahead.close()  # completes the item that it works on
    assert begun == [0, 1]


def test_several_iterators_compute_at_once_and_each_one_ahead() -> None:
    meeting, begun = threading.Barrier(2), []

    def items(name):
        for number in range(9):
            meeting.wait(PATIENCE_S)
            begun.append((name, number))
            yield name, number

    reached = together(items("a"), items("b"))
    assert next(reached) == (("a", 0), ("b", 0))
    reached.close()  # completes the items that it works on
    assert sorted(begun) == [(name, number) for name in "ab" for number in (0, 1)]


def test_several_items_are_worked_on_at_once() -> None:
    together = threading.Barrier(NUM_THREADS)
    results = side_by_side(lambda n: (together.wait(PATIENCE_S), n)[1], range(2 * NUM_THREADS))
    assert list(results) == list(range(2 * NUM_THREADS))


def test_items_are_taken_shortly_before_they_are_needed() -> None:
    taken = []
    results = side_by_side(str, (n for n in range(99) if taken.append(n) is None))
    assert [next(results), next(results)] == ["0", "1"]
    assert len(taken) == NUM_THREADS + 2


@pytest.mark.parametrize(
    "ahead",
    [
        lambda items: one_ahead(map(int, items)),
        lambda items: (first for first, _ in together(map(int, items), iter("ab"))),
        lambda items: side_by_side(int, items),
    ],
)
def test_errors_are_raised_where_their_item_would_have_been(ahead) -> None:
    results = ahead(iter(["7", "none"]))
    assert next(results) == 7
    with pytest.raises(ValueError, match="none"):
        next(results)


def numbers_of_threads():
    yield from (torch.get_num_threads() for _ in range(3))


@pytest.mark.parametrize(
    "ahead",
    [
        lambda: one_ahead(numbers_of_threads()),
        lambda: side_by_side(lambda _: torch.get_num_threads(), range(3)),
    ],
)
def test_torch_starts_no_threads_there_and_keeps_those_of_the_caller(ahead) -> None:
    before, later = torch.get_num_threads(), list[int]()
    torch.set_num_threads(2)
    try:
        assert list(ahead()) == [1, 1, 1]
        thread = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
        thread.start()
        thread.join()
        assert [torch.get_num_threads(), *later] == [2, 2]
    finally:
        torch.set_num_threads(before)
