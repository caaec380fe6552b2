"""Windows fill every frame once, stay within their length and reach, and cross no cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from master_thesis.configs.video import AUTO
from master_thesis.errors import UserError
from master_thesis.video.plan import AUTO_PIXELS, Scene, plan_scenes, plan_windows, reduced_size
from master_thesis.video.survey import Box

HOLE = Box(10, 20, 30, 50)
SIZE = (100, 200)


def scenes_of(num_frames: int, cuts=(), boxes=None, working_size=(50, 100)):
    return plan_scenes(boxes or [HOLE] * num_frames, list(cuts), SIZE, working_size)


@given(st.integers(1, 300), st.integers(0, 20), st.integers(0, 60), st.sets(st.integers(1, 299), max_size=3))
def test_every_frame_is_filled_once_within_reach(num_frames: int, reach: int, extra: int, cuts: set[int]) -> None:
    window, cuts = 2 * reach + 1 + extra, sorted(cut for cut in cuts if cut < num_frames)
    scenes = scenes_of(num_frames, cuts)
    windows = plan_windows(scenes, [True] * num_frames, window, reach)
    assert [n for w in windows for n in w.core] == list(range(num_frames))
    for w in windows:
        scene = w.scene
        assert len(w.numbers) <= max(window, 1)
        assert w.start == max(w.core_start - reach, scene.start)
        assert w.stop >= min(w.core_stop + reach, scene.stop)
        assert scene.start <= w.start <= w.core_start < w.core_stop <= w.stop <= scene.stop


def test_a_scene_that_fits_is_one_window() -> None:
    windows = plan_windows(scenes_of(100), [True] * 100, window=100, reach=20)
    assert [(w.start, w.core_start, w.core_stop, w.stop) for w in windows] == [(0, 0, 100, 100)]
    assert len(plan_windows(scenes_of(101), [True] * 101, window=100, reach=20)) == 2


def test_windows_without_a_hole_are_left_out() -> None:
    has_hole = [False] * 100
    has_hole[70] = True
    windows = plan_windows(scenes_of(100), has_hole, window=21, reach=5)
    assert len(windows) == 1
    assert 70 in windows[0].core


def test_scenes_without_a_hole_are_left_out() -> None:
    boxes = [None] * 10 + [HOLE] * 5
    assert [(s.start, s.stop) for s in scenes_of(15, [10], boxes)] == [(10, 15)]


def test_a_window_that_is_too_short_is_refused() -> None:
    message = r"--window should be at least 41 \(twice the reach of 20 frames, plus one\), got 40"
    with pytest.raises(UserError, match=message):
        plan_windows(scenes_of(50), [True] * 50, window=40, reach=20)
    assert plan_windows(scenes_of(40), [True] * 40, window=40, reach=20)  # the scene fits


def test_the_native_crop_surrounds_all_holes_of_a_scene() -> None:
    boxes = [Box(10, 20, 30, 50), None, Box(20, 100, 60, 120)]
    (scene,) = scenes_of(3, boxes=boxes, working_size=None)
    assert scene.crop == Box(0, 0, 92, 170)  # half of 50 x 100 around it, at least 32, inside the frame
    assert scene.working_size == (92, 170)


def scene_around(hole: Box, size: tuple[int, int]) -> Scene:
    (scene,) = plan_scenes([hole] * 3, [], size, AUTO)
    return scene


def test_small_crops_are_filled_at_the_size_of_the_video() -> None:
    scene = scene_around(Box(500, 900, 560, 960), (1080, 1920))
    assert scene.crop == Box(500 - 96, 900 - 96, 560 + 96, 960 + 96)
    assert scene.working_size == scene.crop.size
    assert scene.scale == 1
    scene = scene_around(Box(300, 600, 700, 1000), (1080, 1920))  # half of 400 on each side: 0.64 megapixels
    assert scene.crop == Box(100, 400, 900, 1200)
    assert scene.working_size == (728, 728)
    assert scene.scale == pytest.approx(0.91)


@given(st.integers(1, 2160), st.integers(1, 3840))
def test_no_crop_has_more_than_half_a_megapixel(height: int, width: int) -> None:
    scene = scene_around(Box(0, 0, height, width), (2160, 3840))
    h, w = scene.working_size
    assert h * w <= 1.1 * AUTO_PIXELS
    assert (h, w) == scene.crop.size or h * w >= 0.9 * AUTO_PIXELS


def test_windows_of_large_crops_hold_fewer_frames() -> None:
    for size, expected in (((256, 456), 100), ((720, 720), 48), ((1080, 1920), 41)):
        scene = Scene(0, 500, Box(0, 0, 2160, 3840), size)
        windows = plan_windows([scene], [True] * 500, None, reach=20)
        assert max(len(w.numbers) for w in windows) == expected
        assert [n for w in windows for n in w.core] == list(range(500))


def test_the_reduced_size_keeps_the_shape() -> None:
    for size in ((480, 854), (1080, 1920), (1920, 1080), (2160, 3840)):
        height, width = reduced_size(size, 240 * 480)
        assert height * width == pytest.approx(240 * 480, rel=0.05)
        assert height / width == pytest.approx(size[0] / size[1], rel=0.05)
        assert height % 8 == width % 8 == 0


def test_small_videos_are_not_enlarged() -> None:
    assert reduced_size((1, 1), 240 * 480) == (1, 1)
    assert reduced_size((101, 77), 240 * 480) == (101, 77)


def test_extreme_shapes_stay_within_the_video() -> None:
    height, width = reduced_size((4, 100000), 240 * 480)
    assert 1 <= height <= 4
    assert width <= 100000
