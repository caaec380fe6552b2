"""Wrong inputs, each with its message; all problems at once; nothing is written."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest

from master_thesis.configs.video import VideoConfig
from master_thesis.errors import UserError
from master_thesis.images.codec import write_png
from master_thesis.video import preflight, resources
from master_thesis.video.io.writer import write_video
from master_thesis.video.preflight import examine
from stress.videos import Clip, box_mask, moving_frames, write_noise


def told(video, mask, **changes) -> preflight.Preflight:
    return examine(VideoConfig(video=str(video), mask=str(mask), **changes), reach=3, test_size=(240, 480))


@pytest.fixture
def mask(tmp_path: Path) -> Path:
    write_png(tmp_path / "mask.png", box_mask())
    return tmp_path / "mask.png"


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return Clip().write(tmp_path)


def masks_in(folder: Path, masks) -> Path:
    folder.mkdir()
    for i, drawn in enumerate(masks):
        write_png(folder / f"{i:03d}.png", drawn)
    return folder


def test_a_fine_video_has_no_problems(video: Path, mask: Path) -> None:
    report = told(video, mask)
    assert report.problems == report.notices == []
    assert report.output == video.with_name("clip_inpainted.mp4")
    assert report.facts[0].endswith("8 frames, 64 x 48, 25 frames per second")
    assert "hole: 17.4 % of the frames on the mean" in report.facts[1]
    assert "a working size of 64 x 48, in 1 window of frames" in report.facts[2]


@pytest.mark.parametrize(("name", "total"), [("clip.mp4", 8), ("frames", 3), ("clip.mkv", 0)])
def test_whoever_waits_is_told_how_many_frames_there_are(tmp_path: Path, mask: Path, name: str, total: int) -> None:
    """Matroska does not say."""
    if name == "frames":
        masks_in(tmp_path / name, [box_mask()] * 3)
    else:
        Clip(name).write(tmp_path)
    told_so: list[int] = []
    examine(VideoConfig(video=str(tmp_path / name), mask=str(mask)), 3, (240, 480), told_so.append)
    assert told_so == [total] * (total or 8)


def sound_alone(folder: Path) -> Path:
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
    (folder / "text.mp4").write_text("no video")
    return folder / "text.mp4"


def empty_folder(folder: Path) -> Path:
    (folder / "nothing").mkdir()
    return folder / "nothing"


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
        (sound_alone, "sound.mp4: holds sound but no picture"),
        (empty_folder, "nothing: holds no images"),
        (truncated, "cut.mp4: is damaged after"),
        (mixed_sizes, "1.png: should be 64 x 48 as the first frame, is 66 x 48"),
        (broken_frame, "1.png"),
    ],
)
def test_wrong_videos(tmp_path: Path, mask: Path, make, message: str) -> None:
    (problem,) = told(make(tmp_path), mask).problems
    assert message in problem


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: folder / "nowhere.png", "nowhere.png: there is no such file or folder"),
        (lambda folder: "alpha", "--mask alpha needs a video with transparency"),
        (empty_folder, "nothing: holds no images"),
        (lambda folder: masks_in(folder / "m", [box_mask()] * 5), "5 masks for 8 frames: there should be"),
        (lambda folder: masks_in(folder / "m", [box_mask()] * 11), "11 masks for 8 frames: there should be"),
        (lambda folder: masks_in(folder / "m", [~box_mask()] * 8), "92 % of the frames would be hole: probably"),
        (lambda folder: masks_in(folder / "m", [np.zeros((48, 64), bool)] * 8), "no frame has a hole"),
        (lambda folder: masks_in(folder / "m", [box_mask((64, 48))] * 8), "masks should have the shape of the video"),
        (text, "text.mp4: cannot be read as a video"),
        (sound_alone, "sound.mp4: holds sound but no picture"),
    ],
)
def test_wrong_masks(tmp_path: Path, video: Path, make, message: str) -> None:
    (problem,) = told(video, make(tmp_path), mask_dilation=0).problems
    assert message in problem


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"output": "out.webm"}, "--output should end in .mp4, .mov or .mkv, or be a folder, got out.webm"),
        ({"output": "out.mp4", "lossless": True}, "--lossless needs an --output in .mkv or a folder, got out.mp4"),
        ({"output": "{video}", "overwrite": True}, "clip.mp4 is an input and is never overwritten"),
        ({"output": "{mask}", "overwrite": True}, "mask.png is an input and is never overwritten"),
        ({"output": "{taken}"}, "taken.mp4 exists already: --overwrite replaces it"),
        ({"window": 6}, "--window should be at least 7, twice the reach of a frame (3) and one; got 6"),
        ({"object_ids": (9,)}, "no frame has a hole with these --object_ids"),
    ],
)
def test_wrong_options(tmp_path: Path, video: Path, mask: Path, changes: dict, message: str, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken.mp4").touch()
    changes = {
        k: v.format(video=video, mask=mask, taken=tmp_path / "taken.mp4") if isinstance(v, str) else v
        for k, v in changes.items()
    }
    (problem,) = told(video, mask, **changes).problems
    assert message in problem


def test_a_container_that_cannot_hold_the_sound(tmp_path: Path, mask: Path) -> None:
    video = Clip("clip.mov", audio="pcm_u8").write(tmp_path)
    report = told(video, mask)
    assert report.output.suffix == ".mkv"
    assert report.notices == ["the sound (pcm_u8) does not fit into .mp4: the result is .mkv"]
    (problem,) = told(video, mask, output=str(tmp_path / "out.mp4")).problems
    assert ".mp4 cannot hold the sound" in problem


@pytest.mark.parametrize(
    ("clip", "notice"),
    [
        (Clip("ten.mkv", "ffv1", "yuv420p10le"), "the video has 10 bits per colour, the result has 8"),
        (Clip("odd.mkv", "ffv1", "yuv444p", size=(47, 63)), "an odd size needs H.264 4:4:4"),
        (Clip("one.mkv", "ffv1", "yuv444p", size=(1, 1)), "an odd size needs H.264 4:4:4"),
        (Clip("a.mov", "qtrle", "argb", alpha=np.full((48, 64), 255, np.uint8)), "the video has transparency"),
    ],
)
def test_odd_videos_are_filled_and_their_oddity_told(tmp_path: Path, clip: Clip, notice: str) -> None:
    hole = box_mask(clip.size) if clip.size != (1, 1) else np.ones((1, 1), bool)
    write_png(tmp_path / "mask.png", hole)
    report = told(clip.write(tmp_path), tmp_path / "mask.png")
    assert any(notice in line for line in report.notices)
    assert (report.problems == []) == (clip.size != (1, 1))  # one pixel that is all hole is an inverted mask


def test_hdr_and_interlaced_videos_are_told(video: Path, mask: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = preflight.open_source(video)
    source.info = replace(source.info, is_hdr=True, is_interlaced=True)
    monkeypatch.setattr(preflight, "open_source", lambda *args: source)
    hdr, interlaced = told(video, mask).notices
    assert "the video is HDR" in hdr
    assert "the video is interlaced" in interlaced


def test_small_differences_are_told_not_refused(tmp_path: Path, video: Path) -> None:
    report = told(video, masks_in(tmp_path / "few", [box_mask()] * 7))
    assert report.notices == ["no mask for the last 1 frame: the one before is kept"]
    report = told(video, masks_in(tmp_path / "many", [box_mask()] * 9))
    assert report.notices == ["1 mask without a frame: left out"]
    report = told(video, masks_in(tmp_path / "large", [box_mask().repeat(2, 0).repeat(2, 1)] * 8))
    assert report.notices == ["masks of 128 x 96 are resized to the video"]
    report = told(video, masks_in(tmp_path / "some", [box_mask()] * 6 + [np.zeros((48, 64), bool)] * 2))
    assert report.notices == ["2 of 8 frames without a hole: left as they are"]


def test_a_missing_end_is_told(tmp_path: Path, mask: Path) -> None:
    path = Clip("clip.mkv", times=tuple(range(60))).write(tmp_path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    assert any("should last 2.4 s, its frames end at" in line for line in told(path, mask).notices)


def test_all_problems_come_at_once(tmp_path: Path, video: Path) -> None:
    assert len(told(tmp_path / "nowhere.mp4", tmp_path / "nowhere.png").problems) == 2
    masks = masks_in(tmp_path / "m", [~box_mask()] * 5)
    report = told(video, masks, output=str(tmp_path / "out.gif"))
    assert len(report.problems) == 3
    with pytest.raises(UserError, match=r"(?s)3 problems:\n- --output should end in .*\n- 5 masks .*\n- --mask .*"):
        report.raise_problems()


def test_too_little_memory_or_disk(video: Path, mask: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "memory_free", lambda: 1000)
    (problem,) = told(video, mask).problems
    assert "GiB of memory are needed, 0.0 are free: choose a smaller --window or --test_size" in problem
    monkeypatch.setattr(resources, "memory_free", lambda: None)
    monkeypatch.setattr(resources.shutil, "disk_usage", lambda place: SimpleNamespace(free=100))
    (problem,) = told(video, mask).problems
    assert "GiB are needed, 0.0 are free" in problem
