"""A folder of videos: finished ones are skipped, a failed one does not stop the others."""

import errno
import logging
import re
from pathlib import Path

import pytest

from master_thesis.configs.video import VideoConfig
from master_thesis.errors import UserError
from master_thesis.images.codec import write_png
from master_thesis.video.jobs import Job, is_batch, jobs, run_jobs
from master_thesis.video.runs import run_video
from stress.videos import Clip, box_mask, moving_frames
from tests.factories import Copier, StillAligner


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """Two videos, a folder of frames, and something that is no video; masks of each kind."""
    for name in ("videos", "masks", "videos/frames", "masks/b"):
        (tmp_path / name).mkdir()
    Clip("a.mp4", times=(0, 1)).write(tmp_path / "videos")
    Clip("b.mkv", times=(0, 1)).write(tmp_path / "videos")
    (tmp_path / "videos" / "broken.mp4").write_text("no video")
    (tmp_path / "videos" / "notes.txt").write_text("no video either")
    for t, frame in enumerate(moving_frames(2)):
        write_png(tmp_path / "videos" / "frames" / f"{t}.png", frame)
        write_png(tmp_path / "masks" / "b" / f"{t}.png", box_mask())
    for name in ("a", "frames", "broken"):
        write_png(tmp_path / "masks" / f"{name}.png", box_mask())
    return tmp_path / "videos"


def run(videos: Path, algorithms=("ip",), **changes):
    mask = str(videos.with_name("masks"))
    config = VideoConfig(video=str(videos), mask=mask, **changes)
    return run_video(config, StillAligner(), Copier(), algorithms, max_distance=2)


def test_all_are_filled_but_the_broken_one(videos: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(UserError, match=r"(?s)1 of 4 videos failed, the others are done:\n- .*broken\.mp4: "):
        run(videos)
    made = videos.with_name("videos_inpainted")
    assert {p.name for p in made.iterdir() if p.suffix != ".json"} == {"a.mp4", "b.mp4", "frames.mp4"}
    times = {p: p.stat().st_mtime_ns for p in made.iterdir()}
    with caplog.at_level(logging.INFO), pytest.raises(UserError):
        run(videos)
    assert caplog.text.count("exists already: skipped") == 3
    assert {p: p.stat().st_mtime_ns for p in made.iterdir()} == times


@pytest.mark.parametrize(
    "error", [PermissionError(errno.EACCES, "Permission denied"), UserError("a bad frame")], ids=str
)
def test_one_that_cannot_be_written_does_not_stop_the_others(videos: Path, error: Exception) -> None:
    tried = []

    def fill(job: Job) -> None:
        tried.append(Path(str(job.config.video)).name)
        if tried[-1] == "a.mp4":
            raise error

    with pytest.raises(UserError, match=rf"(?s)2 of 4 videos failed.*a\.mp4: {re.escape(str(error))}"):
        run_jobs(jobs(VideoConfig(video=str(videos), mask=str(videos.with_name("masks"))), ["ip"]), fill)
    assert tried == ["a.mp4", "b.mkv", "frames"]


@pytest.mark.parametrize("is_wrapped", [False, True])
def test_a_full_disk_is_told_once(videos: Path, is_wrapped: bool) -> None:
    tried = []

    def fill(job: Job) -> None:
        tried.append(Path(str(job.config.video)).name)
        full = OSError(errno.ENOSPC, "No space left on device")
        if is_wrapped:
            raise UserError("window_00000.npz cannot be written") from full
        raise full

    with pytest.raises(UserError, match=r"the disk is full \(.*\); stopped at .*a\.mp4, the same command goes on"):
        run_jobs(jobs(VideoConfig(video=str(videos), mask=str(videos.with_name("masks"))), ["ip"]), fill)
    assert tried == ["a.mp4"]


def test_masks_are_matched_by_name(videos: Path) -> None:
    config = VideoConfig(video=str(videos), mask=str(videos.with_name("masks")))
    assert is_batch(config)
    found = [Path(str(job.config.mask)).name for job in jobs(config, ["ip"])]
    assert found == ["a.png", "b", "broken.png", "frames.png"]


def test_several_algorithms_have_a_result_each_and_finished_ones_are_skipped(videos: Path, caplog) -> None:
    (videos / "broken.mp4").unlink()
    run(videos, algorithms=("ff", "ip"))
    made = {p.name for p in videos.with_name("videos_inpainted").glob("*.mp4")}
    assert made == {f"{name}_{algorithm}.mp4" for name in ("a", "b", "frames") for algorithm in ("ff", "ip")}
    with caplog.at_level(logging.INFO):
        run(videos, algorithms=("ff", "ip"))
    assert caplog.text.count("exists already: skipped") == 6


def test_two_videos_of_one_name_are_refused(videos: Path) -> None:
    Clip("b.mp4", times=(0,)).write(videos)
    with pytest.raises(UserError, match=r"b\.mkv and .*b\.mp4 would have results of one name"):
        run(videos)


def test_one_mask_serves_all(videos: Path) -> None:
    mask = str(videos.with_name("masks") / "a.png")
    assert {job.config.mask for job in jobs(VideoConfig(video=str(videos), mask=mask), ["ip"])} == {mask}


def test_a_folder_of_frames_is_no_batch(videos: Path) -> None:
    assert not is_batch(VideoConfig(video=str(videos / "frames"), mask="x"))


def test_what_cannot_serve_many_videos_is_refused(videos: Path) -> None:
    with pytest.raises(UserError, match="--mask nowhere: there is no such file or folder"):
        jobs(VideoConfig(video=str(videos), mask="nowhere"), ["ip"])
    file = str(videos / "notes.txt")
    with pytest.raises(UserError, match="is a file, but a folder of videos needs a folder"):
        jobs(VideoConfig(video=str(videos), mask=str(videos.with_name("masks")), output=file), ["ip"])
    with pytest.raises(UserError, match="holds the videos: choose another folder"):
        jobs(VideoConfig(video=str(videos), mask=str(videos.with_name("masks")), output=str(videos)), ["ip"])
