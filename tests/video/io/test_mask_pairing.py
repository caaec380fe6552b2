"""Images of a folder are matched with frames by name, by number or in order, and doubts are mentioned."""

import pytest

from master_thesis.video.io.mask_pairing import Numbering, numbering


def stems(numbers, name: str = "{:05d}") -> list[str]:
    return [name.format(number) for number in numbers]


@pytest.mark.parametrize(
    ("frames", "masks", "expected"),
    [
        (stems(range(4)), stems(range(4)), Numbering(by_name=True)),
        (stems(range(4)), stems(range(3)), Numbering(by_name=True)),
        (stems(range(4)), stems(range(4), "mask{}"), Numbering()),
        ([], stems(range(4)), Numbering()),
        ([], ["a", "b"], Numbering()),
        (["a", "b"], ["b"], Numbering(by_name=True)),
    ],
)
def test_what_needs_no_word(frames, masks, expected) -> None:
    assert numbering(frames, masks, hold=False) == expected


def test_equal_counts_with_other_numbers_are_matched_in_order() -> None:
    found = numbering(stems(range(20)), stems(range(1, 21)), hold=False)
    assert not found.by_name
    assert found.note == "masks are numbered 1 to 20, frames 0 to 19: they are matched in order, not by name"


def test_sparse_masks() -> None:
    found = numbering(stems(range(30)), stems(range(0, 30, 5)), hold=False)
    assert found.by_name
    assert found.note.startswith("only every 5th frame has a mask: the object will flash")
    assert numbering(stems(range(9)), stems([1, 4, 5]), hold=False).note.startswith("only 3 of 9 frames have a mask")
    held = numbering(stems(range(30)), stems(range(0, 30, 5)), hold=True)
    assert held.note == "only every 5th frame has a mask: its mask is repeated until the next"


@pytest.mark.parametrize("first", [0, 1])
def test_numbers_are_those_of_the_frames_of_a_video(first: int) -> None:
    masks = stems(range(first, 30, 5), "mask_{}")
    shown = ", ".join(str(first + 5 * i) for i in range(3))
    assert numbering([], masks, hold=False) == Numbering(
        note=f"masks are numbered {shown} ...: if frames are meant, --hold_masks repeats each of them"
    )
    held = numbering([], masks, hold=True)
    assert [held.key(i, stem) for i, stem in enumerate(masks)] == list(range(0, 30, 5))[: len(masks)]


@pytest.mark.parametrize("first", [0, 1, 100])
def test_numbers_are_those_of_frames_with_other_names(first: int) -> None:
    frames, masks = stems(range(first, first + 30)), stems(range(first + 5, first + 30, 5), "mask_{}")
    assert numbering(frames, masks, hold=False).note.endswith("if frames are meant, --hold_masks repeats each of them")
    held = numbering(frames, masks, hold=True)
    assert [held.key(i, stem) for i, stem in enumerate(masks)] == list(range(5, 30, 5))
    outside = stems(range(first + 5, first + 40, 5), "mask_{}")
    assert numbering(frames, outside, hold=True) == Numbering()
    assert numbering(["a0", "a2", "a4"], ["m2", "m4"], hold=True) == Numbering(), "frames do not follow one another"
