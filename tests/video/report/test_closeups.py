"""Crops of the page: the video's own pixels around the hole, of a few frames over its length."""

import base64
import re

import cv2
import numpy as np
import pytest

from master_thesis.video.compositing import KNOWN
from master_thesis.video.finished import FinishedFrame
from master_thesis.video.report.closeups import MARGIN_PX, MAX_CLOSEUPS, MAX_SIDE_PX, Closeups, closeup_box
from master_thesis.video.report.page import Page, render
from master_thesis.video.survey import Box

SIZE = (300, 400)
TURNED = (0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)


def frame(number: int, has_hole: bool = True) -> FinishedFrame:
    rng = np.random.default_rng(number)
    before, after = rng.integers(0, 256, (2, *SIZE, 3), dtype=np.uint8)
    source = np.full(SIZE, KNOWN, np.int32)
    if has_hole:
        source[120:150, 200:260] = 0
    return FinishedFrame(number, number, number / 25, before, after, source)


def collected(numbers, matrix=None):
    closeups = Closeups(matrix)
    for number in numbers:
        closeups.write(frame(number, has_hole=number % 3 != 1))
    return closeups.chosen()


def test_crops_are_pixels_of_the_video() -> None:
    (closeup,) = collected([0])
    rows, columns = slice(120 - MARGIN_PX, 150 + MARGIN_PX), slice(200 - MARGIN_PX, 260 + MARGIN_PX)
    assert np.array_equal(closeup.before, frame(0).before[rows, columns])
    assert np.array_equal(closeup.after, frame(0).after[rows, columns])


def test_crops_are_turned_as_players_turn_the_video() -> None:
    (plain,), (turned,) = collected([0]), collected([0], TURNED)
    assert turned.before.shape[:2] == plain.before.shape[1::-1]
    assert any(np.array_equal(np.rot90(plain.before, k), turned.before) for k in (1, 3))


@pytest.mark.parametrize("count", [1, 5, 6, 7, 40, 200])
def test_a_few_frames_with_a_hole_are_shown_over_the_entire_length(count: int) -> None:
    numbers = [closeup.frame for closeup in collected(range(count))]
    with_hole = [n for n in range(count) if n % 3 != 1]
    assert len(numbers) == min(len(with_hole), MAX_CLOSEUPS)
    assert set(numbers) <= set(with_hole)
    assert numbers == sorted(numbers)
    assert numbers[0] == 0
    assert numbers[-1] >= 0.8 * with_hole[-1]


@pytest.mark.parametrize(
    "hole", [Box(0, 0, 9, 9), Box(500, 900, 1080, 1920), Box(0, 0, 1080, 1920), Box(5, 300, 1000, 310)]
)
def test_large_holes_are_shown_with_their_left_border(hole: Box) -> None:
    box = closeup_box(hole, (1080, 1920))
    assert max(box.size) <= MAX_SIDE_PX
    assert 0 <= box.top < box.bottom <= 1080
    assert 0 <= box.left <= hole.left < box.right <= 1920


def test_the_page_contains_the_crops_without_loss() -> None:
    closeups = collected([0, 3])
    page = str(render(Page("", "", [frame(0).origin], {}, closeups)))
    sources = re.findall(r'<img src="data:image/png;base64,([^"]+)" alt="Frame (\d) (before|after)"', page)
    assert [(number, kind) for _, number, kind in sources] == [
        ("0", "before"),
        ("0", "after"),
        ("3", "before"),
        ("3", "after"),
    ]
    for (data, _, kind), closeup in zip(sources, (closeups[0], closeups[0], closeups[1], closeups[1]), strict=True):
        decoded = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
        assert np.array_equal(decoded, getattr(closeup, kind))
