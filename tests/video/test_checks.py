"""Every problem of the input has its message, all problems come together, and nothing is written."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest

from master_thesis.configs.video import AUTO, VideoConfig
from master_thesis.errors import UserError
from master_thesis.images.codec import write_png
from master_thesis.video import checks, resources
from master_thesis.video.checks import Report, examine
from master_thesis.video.io.writer import write_video
from master_thesis.video.survey import Box
from stress.videos import Clip, box_mask, moving_frames, write_noise


def report_of(video, mask, **changes) -> Report:
    return examine(VideoConfig(video=str(video), mask=str(mask), **changes), reach=3, working_size=(240, 480))


@pytest.fixture
def mask(tmp_path: Path) -> Path:
    write_png(tmp_path / "mask.png", box_mask())
    return tmp_path / "mask.png"


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return Clip().write(tmp_path)


def masks_in(folder: Path, masks) -> Path:
    folder.mkdir()
    for i, mask in enumerate(masks):
        write_png(folder / f"{i:03d}.png", mask)
    return folder


def test_a_good_video_has_no_problems(video: Path, mask: Path) -> None:
    report = report_of(video, mask)
    assert report.problems == report.notices == []
    assert report.facts[0].endswith("8 frames, 64 x 48, 25 frames per second")
    assert "hole: 17.7 % of the frames on average" in report.facts[1]
    assert "its own resolution, in a crop of 64 x 48, in 1 window of frames" in report.facts[2]


def test_the_plan_of_a_good_video(video: Path, mask: Path) -> None:
    plan = report_of(video, mask).plan()
    assert plan.output == video.with_name("clip_inpainted.mp4")
    assert plan.survey.num_frames == 8
    assert [scene.working_size for scene in plan.scenes] == [(48, 64)]
    (window,) = plan.windows
    assert plan.frames_to_fill(window) == list(range(8))


def test_sizes_of_a_turned_video_are_those_that_players_show(tmp_path: Path) -> None:
    write_png(tmp_path / "mask.png", box_mask().T)
    report = report_of(Clip(rotation=90).write(tmp_path), tmp_path / "mask.png")
    assert "8 frames, 48 x 64, 25 frames" in report.facts[0]
    assert "in a crop of 48 x 64, in 1 window" in report.facts[2]


@pytest.mark.parametrize(
    ("working_size", "is_soft"), [((24, 32), True), ((40, 60), False), (AUTO, False), (None, False)]
)
def test_a_soft_result_is_announced(video: Path, mask: Path, working_size, is_soft: bool) -> None:
    config = VideoConfig(video=str(video), mask=str(mask))
    notices = examine(config, reach=3, working_size=working_size).notices
    line = "the result will be soft: the hole is filled at 50 % of the video's width and height; "
    assert [notice.startswith(line) for notice in notices] == [True] * is_soft


def sound_only(folder: Path) -> Path:
    with av.open(str(folder / "sound.mp4"), "w") as container:
        sound = container.add_stream("aac", rate=48000)
        sound.layout = "mono"
        write_noise(container, sound, 0.2)
    return folder / "sound.mp4"


def truncated(folder: Path) -> Path:
    write_video(folder / "cut.mp4", moving_frames(60), 25)
    data = (folder / "cut.mp4").read_bytes()
    (folder / "cut.mp4").write_bytes(data[: len(data) * 2 // 3])
    return folder / "cut.mp4"


def headless(folder: Path) -> Path:
    path = Clip("headless.mp4").write(folder)
    path.write_bytes(path.read_bytes()[:1500])
    return path


def text(folder: Path) -> Path:
    (folder / "text.mp4").write_text("not a video")
    return folder / "text.mp4"


def empty_folder(folder: Path) -> Path:
    (folder / "empty").mkdir()
    return folder / "empty"


def mixed_sizes(folder: Path) -> Path:
    (folder / "mixed").mkdir()
    for name, size in (("0", (48, 64)), ("1", (48, 66))):
        write_png(folder / "mixed" / f"{name}.png", np.zeros((*size, 3), np.uint8))
    return folder / "mixed"


def broken_frame(folder: Path) -> Path:
    (folder / "broken").mkdir()
    write_png(folder / "broken" / "0.png", moving_frames(1)[0])
    (folder / "broken" / "1.png").write_bytes((folder / "broken" / "0.png").read_bytes()[:200])
    return folder / "broken"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: folder / "nowhere.mp4", "nowhere.mp4: there is no such file or folder"),
        (text, "text.mp4: cannot be read as a video"),
        (headless, "headless.mp4: cannot be read as a video"),
        (sound_only, "sound.mp4: contains sound but no video"),
        (empty_folder, "empty: contains no images"),
        (truncated, "cut.mp4: damaged after"),
        (mixed_sizes, "1.png: should be 64 x 48 like the first frame, got 66 x 48"),
        (broken_frame, "1.png"),
    ],
)
def test_bad_videos(tmp_path: Path, mask: Path, make, message: str) -> None:
    (problem,) = report_of(make(tmp_path), mask).problems
    assert message in problem


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: folder / "nowhere.png", "nowhere.png: there is no such file or folder"),
        (lambda folder: "alpha", "--mask alpha needs a video with transparency"),
        (empty_folder, "empty: contains no images"),
        (lambda folder: masks_in(folder / "m", [box_mask()] * 5), "5 masks for 8 frames: there should be"),
        (lambda folder: masks_in(folder / "m", [box_mask()] * 11), "11 masks for 8 frames: there should be"),
        (lambda folder: masks_in(folder / "m", [~box_mask()] * 8), "the hole would cover 92 % of the frames"),
        (lambda folder: masks_in(folder / "m", [np.zeros((48, 64), bool)] * 8), "no frame has a hole"),
        (lambda folder: masks_in(folder / "m", [box_mask((64, 48))] * 8), "masks should have the shape of the video"),
        (text, "text.mp4: cannot be read as a video"),
        (sound_only, "sound.mp4: contains sound but no video"),
    ],
)
def test_bad_masks(tmp_path: Path, video: Path, make, message: str) -> None:
    (problem,) = report_of(video, make(tmp_path), mask_dilation=0).problems
    assert message in problem


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"output": "out.webm"},
            "--output should end in .mp4, .mov or .mkv, or be a folder without a dot, got out.webm",
        ),
        ({"output": "out.mp4", "lossless": True}, "--lossless needs an --output in .mkv or a folder, got out.mp4"),
        ({"output": "{video}", "overwrite": True}, "clip.mp4 is an input and is never overwritten"),
        ({"output": "{mask}", "overwrite": True}, "mask.png is an input and is never overwritten"),
        ({"output": "{taken}"}, "taken.mp4 exists already: --overwrite replaces it"),
        ({"output": "/"}, "/: should be a file or a folder with a name"),
        ({"window": 6}, "--window should be at least 7 (twice the reach of 3 frames, plus one), got 6"),
        ({"object_ids": (9,)}, "no frame has a hole with these --object_ids"),
    ],
)
def test_bad_options(tmp_path: Path, video: Path, mask: Path, changes: dict, message: str, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken.mp4").touch()
    changes = {
        k: v.format(video=video, mask=mask, taken=tmp_path / "taken.mp4") if isinstance(v, str) else v
        for k, v in changes.items()
    }
    (problem,) = report_of(video, mask, **changes).problems
    assert message in problem


def test_a_container_that_cannot_hold_the_sound(tmp_path: Path, mask: Path) -> None:
    video = Clip("clip.mov", audio="pcm_u8").write(tmp_path)
    report = report_of(video, mask)
    assert report.plan().output.suffix == ".mkv"
    assert report.notices == ["the sound (pcm_u8) does not fit into .mp4: the result is .mkv"]
    (problem,) = report_of(video, mask, output=str(tmp_path / "out.mp4")).problems
    assert ".mp4 cannot hold the sound" in problem
    report = report_of(video, mask, output=str(tmp_path / "out"))
    assert report.notices == [f"a folder of frames has no sound: that of {video} is dropped"]


@pytest.mark.parametrize(
    ("clip", "notice"),
    [
        (Clip("ten.mkv", "ffv1", "yuv420p10le"), "the video has 10 bits per colour, the result has 8"),
        (Clip("odd.mkv", "ffv1", "yuv444p", size=(47, 63)), "an odd size needs H.264 4:4:4"),
        (Clip("one.mkv", "ffv1", "yuv444p", size=(1, 1)), "an odd size needs H.264 4:4:4"),
        (Clip("a.mov", "qtrle", "argb", alpha=np.full((48, 64), 200, np.uint8)), "the video has transparency"),
    ],
)
def test_odd_videos_are_filled_with_a_notice(tmp_path: Path, clip: Clip, notice: str) -> None:
    hole = box_mask(clip.size) if clip.size != (1, 1) else np.ones((1, 1), bool)
    write_png(tmp_path / "mask.png", hole)
    report = report_of(clip.write(tmp_path), tmp_path / "mask.png")
    assert any(notice in line for line in report.notices)
    assert (report.problems == []) == (clip.size != (1, 1))  # a single pixel of hole counts as an inverted mask


def test_notices_on_interlaced_and_oddly_rotated_videos(video: Path, mask: Path, monkeypatch) -> None:
    source = checks.open_source(video)
    odd_angle = (46341, 46341, 0, -46341, 46341, 0, 0, 0, 1 << 30)
    source.info = replace(source.info, is_interlaced=True, display_matrix=odd_angle)
    monkeypatch.setattr(checks, "open_source", lambda *args: source)
    assert report_of(video, mask).notices == [
        "the video is interlaced, the result is not: fast movement may show combs",
        "the video is rotated by an odd angle: masks are read as drawn on unrotated frames",
    ]


def test_small_differences_are_noted_but_not_refused(tmp_path: Path, video: Path) -> None:
    report = report_of(video, masks_in(tmp_path / "few", [box_mask()] * 7))
    assert report.notices == [
        "no mask for the last 1 frame: the last mask is repeated "
        "(if the first one is missing instead, all of them come too early)"
    ]
    report = report_of(video, masks_in(tmp_path / "many", [box_mask()] * 9))
    assert report.notices == ["1 mask without a frame: ignored"]
    report = report_of(video, masks_in(tmp_path / "large", [box_mask().repeat(2, 0).repeat(2, 1)] * 8))
    assert report.notices == ["masks of 128 x 96 are resized to the video"]
    report = report_of(video, masks_in(tmp_path / "some", [box_mask()] * 6 + [np.zeros((48, 64), bool)] * 2))
    assert report.notices == ["2 of 8 frames without a hole: left unchanged"]


def test_frames_without_a_mask_of_their_name_are_noted(tmp_path: Path) -> None:
    (tmp_path / "frames").mkdir()
    for i, frame in enumerate(moving_frames(4)):
        write_png(tmp_path / "frames" / f"{i:03d}.png", frame)
    report = report_of(tmp_path / "frames", masks_in(tmp_path / "masks", [box_mask()] * 3))
    assert report.notices == [
        "1 frame without a mask of that name: left unchanged",
        "1 of 4 frames without a hole: left unchanged",
    ]


def test_missing_frames_are_noted_or_refused(video: Path, mask: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = checks.open_source(video)
    monkeypatch.setattr(checks, "open_source", lambda *args: source)
    source.info = replace(source.info, estimated_frames=10)
    assert report_of(video, mask).notices == [f"{video}: should have 10 frames, but 2 of them are missing"]
    source.info = replace(source.info, estimated_frames=11)
    assert report_of(video, mask).problems == [f"{video}: should have 11 frames, but 3 of them are missing"]


def test_a_missing_end_is_noted(tmp_path: Path, mask: Path) -> None:
    path = Clip("clip.mkv", times=tuple(range(60))).write(tmp_path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    assert any("should last 2.4 s, but its frames end at" in line for line in report_of(path, mask).notices)


def test_all_problems_are_raised_together(tmp_path: Path, video: Path) -> None:
    assert len(report_of(tmp_path / "nowhere.mp4", tmp_path / "nowhere.png").problems) == 2
    report = report_of(video, tmp_path / "nowhere.png", output=str(tmp_path / "out.gif"))
    with pytest.raises(UserError, match=r"(?s)^2 problems:\n- --output should end in .*\n- --mask .* there is no such"):
        report.plan()
    report = report_of(video, masks_in(tmp_path / "m", [~box_mask()] * 5))
    with pytest.raises(UserError, match=r"(?s)^2 problems:\n- 5 masks .*\n- --mask .*"):
        report.plan()


def test_no_frame_is_looked_at_where_the_output_is_refused(
    tmp_path: Path, video: Path, mask: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "survey", lambda *_: pytest.fail("frames were read"))
    (tmp_path / "taken.mp4").touch()
    (problem,) = report_of(video, mask, output=str(tmp_path / "taken.mp4")).problems
    assert problem.endswith("taken.mp4 exists already: --overwrite replaces it")


def test_a_single_problem_is_raised_as_it_is(tmp_path: Path, mask: Path) -> None:
    with pytest.raises(UserError, match=r"^[^\n]*nowhere\.mp4: there is no such file or folder$"):
        report_of(tmp_path / "nowhere.mp4", mask).plan()


def test_too_little_memory_or_disk(video: Path, mask: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "available_memory", lambda: 1000)
    (problem,) = report_of(video, mask).problems
    assert "GiB of memory, but 0.0 GiB are free: choose a smaller --window or --test_size" in problem
    monkeypatch.setattr(resources, "available_memory", lambda: None)
    monkeypatch.setattr(resources.shutil, "disk_usage", lambda place: SimpleNamespace(free=100))
    (problem,) = report_of(video, mask).problems
    assert problem.startswith(f"{video.parent}: needs about 0.0 GiB, but 0.0 GiB are free")


@pytest.mark.parametrize(("size", "width"), [((48, 64), 4), ((240, 320), 4), ((960, 600), 5), ((600, 720), 5)])
def test_masks_are_widened_by_a_share_of_the_frames(tmp_path, size, width):
    hole = np.zeros(size, bool)
    hole[20:30, 20:30] = True
    write_png(tmp_path / "mask.png", hole)
    report = report_of(Clip(times=(0, 1), size=size).write(tmp_path), tmp_path / "mask.png")
    box = Box(20 - width, 20 - width, 30 + width, 30 + width)
    assert report.plan().survey.boxes == [box, box]
