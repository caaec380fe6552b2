"""One video or a folder of them, by one algorithm or several; a video that fails does not stop the others."""

import errno
import logging
import re
from pathlib import Path

import av
import pytest

from master_thesis.configs.inpainting import InpaintOptions
from master_thesis.configs.video import VideoConfig
from master_thesis.errors import UserError
from master_thesis.images.codec import write_png
from master_thesis.inpainting.inpainter import Inpainter
from master_thesis.video import jobs, sharing
from master_thesis.video.jobs import folder_jobs, is_folder_of_videos, run_jobs
from stress.videos import Clip, box_mask, moving_frames, write_noise
from tests.factories import Copier, StillAligner

SIZE = (240, 480)


def inpainters(*algorithms: str) -> list[Inpainter]:
    return [Inpainter(StillAligner(), Copier(), InpaintOptions(a, max_distance=2, sweeps=2)) for a in algorithms]


@pytest.fixture
def video(tmp_path: Path) -> VideoConfig:
    """A single video."""
    write_png(tmp_path / "mask.png", box_mask())
    return VideoConfig(video=str(Clip(times=(0, 1, 2)).write(tmp_path)), mask=str(tmp_path / "mask.png"))


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """Two videos, a folder of frames, a broken video and another file, with masks of each kind."""
    for name in ("videos", "masks", "videos/frames", "masks/b"):
        (tmp_path / name).mkdir()
    Clip("a.mp4", times=(0, 1)).write(tmp_path / "videos")
    Clip("b.mkv", times=(0, 1)).write(tmp_path / "videos")
    (tmp_path / "videos" / "broken.mp4").write_text("not a video")
    (tmp_path / "videos" / "notes.txt").write_text("not a video either")
    for t, frame in enumerate(moving_frames(2)):
        write_png(tmp_path / "videos" / "frames" / f"{t}.png", frame)
        write_png(tmp_path / "masks" / "b" / f"{t}.png", box_mask())
    for name in ("a", "frames", "broken"):
        write_png(tmp_path / "masks" / f"{name}.png", box_mask())
    return tmp_path / "videos"


def config_of(videos: Path, **changes) -> VideoConfig:
    return VideoConfig(**{"video": str(videos), "mask": str(videos.with_name("masks")), **changes})


def names(folder: Path) -> set[str]:
    return {p.name for p in folder.iterdir()} - {"mask.png", "clip.mp4"}


def test_several_algorithms_give_several_results(video: VideoConfig, tmp_path: Path) -> None:
    results = run_jobs(video, inpainters("ff", "cp"), SIZE)
    assert [result.output.name for result in results] == ["clip_inpainted_ff.mp4", "clip_inpainted_cp.mp4"]
    assert {n for n in names(tmp_path) if n.endswith(".mp4")} == {"clip_inpainted_ff.mp4", "clip_inpainted_cp.mp4"}


def test_none_of_several_begins_if_one_cannot_be_written(video: VideoConfig, tmp_path: Path) -> None:
    (tmp_path / "clip_inpainted_cp.mp4").touch()
    with pytest.raises(UserError, match=r"^--output .*clip_inpainted_cp\.mp4 exists already"):
        run_jobs(video, inpainters("ff", "cp"), SIZE)
    (tmp_path / "clip_inpainted_ff.mp4").touch()
    with pytest.raises(UserError, match=r"(?s)^2 problems:\n- .*_ff\.mp4 exists already.*\n- .*_cp\.mp4 exists"):
        run_jobs(video, inpainters("ff", "cp"), SIZE)
    assert names(tmp_path) == {"clip_inpainted_cp.mp4", "clip_inpainted_ff.mp4"}


def test_all_videos_are_filled_but_the_broken_one(videos: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(
        UserError, match=r"(?s)1 of 4 videos failed, the others are done:\n- \S*broken\.mp4: cannot be read"
    ):
        run_jobs(config_of(videos), inpainters("ip"), SIZE)
    made = videos.with_name("videos_inpainted")
    assert {p.name for p in made.iterdir() if p.suffix != ".json"} == {"a.mp4", "b.mp4", "frames.mp4"}
    times = {p: p.stat().st_mtime_ns for p in made.iterdir()}
    with caplog.at_level(logging.INFO), pytest.raises(UserError):
        run_jobs(config_of(videos), inpainters("ip"), SIZE)
    assert caplog.text.count("exists already: skipped") == 3
    assert {p: p.stat().st_mtime_ns for p in made.iterdir()} == times


@pytest.mark.parametrize(
    "error", [PermissionError(errno.EACCES, "Permission denied"), UserError("a bad frame")], ids=str
)
def test_a_failure_does_not_stop_the_other_videos(videos: Path, monkeypatch, error: Exception) -> None:
    tried = failing_at_a(monkeypatch, error)
    with pytest.raises(UserError, match=rf"(?s)2 of 4 videos failed.*a\.mp4: {re.escape(str(error))}"):
        run_jobs(config_of(videos), inpainters("ip"), SIZE)
    assert tried == ["a.mp4", "b.mkv", "frames"]


@pytest.mark.parametrize("is_cause", [False, True])
def test_a_full_disk_stops_all_videos(videos: Path, monkeypatch, is_cause: bool) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    wrapped = UserError("window_00000.npz cannot be written")
    wrapped.__cause__ = full
    tried = failing_at_a(monkeypatch, wrapped if is_cause else full)
    message = r"the disk is full \(.*\): stopped at .*a\.mp4; the same command continues from there"
    with pytest.raises(UserError, match=message):
        run_jobs(config_of(videos), inpainters("ip"), SIZE)
    assert tried == ["a.mp4"]


def failing_at_a(monkeypatch: pytest.MonkeyPatch, error: Exception) -> list[str]:
    """Replaces the filling by an error at the first video; returns the videos that are tried."""
    tried: list[str] = []

    def fill(config: VideoConfig, *args):
        tried.append(Path(config.video).name)
        if tried[-1] == "a.mp4":
            raise error

    monkeypatch.setattr(sharing, "fill_video", fill)
    return tried


def test_masks_are_matched_by_name(videos: Path) -> None:
    assert is_folder_of_videos(config_of(videos))
    masks = [Path(job.config.mask).name for job in folder_jobs(config_of(videos), inpainters("ip"))]
    assert masks == ["a.png", "b", "broken.png", "frames.png"]


@pytest.mark.parametrize("mask", ["masks/a.png", "alpha"])
def test_one_mask_may_serve_all_videos(videos: Path, mask: str) -> None:
    mask = mask if mask == "alpha" else str(videos.parent / mask)
    assert {job.config.mask for job in folder_jobs(config_of(videos, mask=mask), inpainters("ip"))} == {mask}


def test_several_algorithms_in_a_folder(videos: Path, caplog: pytest.LogCaptureFixture) -> None:
    (videos / "broken.mp4").unlink()
    assert len(run_jobs(config_of(videos), inpainters("ff", "ip"), SIZE)) == 6
    made = {p.name for p in videos.with_name("videos_inpainted").glob("*.mp4")}
    assert made == {f"{name}_{algorithm}.mp4" for name in ("a", "b", "frames") for algorithm in ("ff", "ip")}
    with caplog.at_level(logging.INFO):
        assert run_jobs(config_of(videos), inpainters("ff", "ip"), SIZE) == []
    assert caplog.text.count("exists already: skipped") == 6


def test_check_examines_finished_videos_too(videos: Path) -> None:
    (videos / "broken.mp4").unlink()
    run_jobs(config_of(videos), inpainters("ip"), SIZE)
    results = run_jobs(config_of(videos, check=True, overwrite=True), inpainters("ip"), SIZE)
    assert [result.output for result in results] == [None] * 3


def test_a_folder_of_frames_is_one_video(videos: Path) -> None:
    assert not is_folder_of_videos(config_of(videos / "frames"))


def test_two_videos_of_one_name_are_refused(videos: Path) -> None:
    Clip("b.mp4", times=(0,)).write(videos)
    with pytest.raises(UserError, match=r"b\.mkv and .*b\.mp4 would have results of the same name: rename one"):
        run_jobs(config_of(videos), inpainters("ip"), SIZE)


def test_masks_and_outputs_that_cannot_serve_many_videos_are_refused(videos: Path) -> None:
    def refused(**changes) -> str:
        with pytest.raises(UserError) as caught:
            run_jobs(config_of(videos, **changes), inpainters("ip"), SIZE)
        return str(caught.value)

    file = str(videos / "notes.txt")
    assert refused(mask="nowhere") == "--mask nowhere: there is no such file or folder"
    assert refused(output=file) == f"--output should be a folder for a folder of videos, got the file {file}"
    assert refused(output=str(videos)) == f"--output {videos} contains the videos: choose another folder"


def test_whatever_has_a_picture_counts_as_a_video(tmp_path: Path) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    made = ["a.ts", "b.m2ts", "c.3gp", "d.wmv", "e.mpg", "f.flv", "g.ogv", "h.nut"]
    clip = Clip("clip.mkv", "mpeg4", times=(0, 1)).write(tmp_path)
    for name in made:
        (folder / name).write_bytes(clip.read_bytes())
    (folder / "strange.bin").write_bytes(clip.read_bytes())
    (folder / "notes.txt").write_text("nothing to see")
    with av.open(str(folder / "song.m4a"), "w", format="mp4") as container:
        sound = container.add_stream("aac", rate=48000, layout="mono")
        write_noise(container, sound, 0.1)
    assert [path.name for path in jobs._videos(folder)] == [*made, "strange.bin"]
